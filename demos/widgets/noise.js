// The seed of the noise. Its value is that number; unlocked, another digit rolls it.
const field = element.querySelector('input');
const put = (noise) => ClassicNets.share(element, { noise });
const roll = () => put(Math.floor(Math.random() * (props.largest + 1)));
let locked = true;

element.querySelector('[data-do=roll]').addEventListener('click', roll);
field.addEventListener('input', () => { if (field.value !== '' && field.validity.valid) put(+field.value); });
field.addEventListener('blur', () => { field.value = props.value; });

ClassicNets.heed(element, (change) => {
  if ('locked' in change) locked = change.locked;
  if ('digit' in change && !('noise' in change) && !locked) roll();
  if (!('noise' in change) || change.noise === props.value) return;
  props.value = change.noise;
  field.value = props.value;
  trigger('input');
});
const show = () => { if (document.activeElement !== field) field.value = props.value; };
watch('value', show);
show();
