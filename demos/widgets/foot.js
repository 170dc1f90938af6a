const show = () => {
  const { source, device, milliseconds } = props.value || {};
  if (!source) return;
  element.querySelector('.cn-source').textContent = source;
  element.querySelector('.cn-device').textContent = device;
  ClassicNets.took(element, milliseconds);
};
watch('value', show);
show();
