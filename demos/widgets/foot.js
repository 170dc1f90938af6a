// What answered, or why nothing did.
const show = () => {
  const { source = '', device = '', milliseconds = 0, error = '' } = props.value || {};
  element.querySelector('.cn-error').textContent = error;
  element.querySelector('.cn-source').textContent = source;
  element.querySelector('.cn-device').textContent = device;
  if (source) ClassicNets.took(element, milliseconds);
};
watch('value', show);
show();
