// One number on a slider, shared under its own name; its value, pressed, goes back to where it began.
const $ = (selector) => element.querySelector(selector);
const slider = $('.cn-slide'), { begun } = props, digits = (String(props.stride).split('.')[1] ?? '').length;
const show = () => {
  ClassicNets.put(slider, props.value, props.least < 0 && props.most > 0 ? 0 : props.least);
  ClassicNets.share(element, { [props.shares]: +props.value });
  const changed = props.value !== begun;
  $('.cn-knob').classList.toggle('cn-on', changed);
  Object.assign($('button'), { textContent: (+props.value).toFixed(digits), disabled: !changed, title: changed ? `Back to ${begun.toFixed(digits)}` : '' });
};
const choose = (value) => { props.value = value; trigger('input'); show(); };
slider.addEventListener('input', () => choose(+slider.value));
$('button').addEventListener('click', () => choose(begun));
watch('value', show);
show();
