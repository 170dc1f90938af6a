// A button that stays pressed. Its value is whether it is, shared under its own name.
const button = element.querySelector('button');
const show = () => {
  button.setAttribute('aria-pressed', props.value);
  ClassicNets.share(element, { [props.shares]: props.value });
};
button.addEventListener('click', () => { props.value = !props.value; trigger('input'); show(); });
watch('value', show);
show();
