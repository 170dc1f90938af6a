// What answered, or why nothing did; a refusal is an answer too, for who waits for one.
const show = () => {
  const { source, device, because, milliseconds, error = '' } = props.value || {};
  ClassicNets.tell(element, error);
  if (error) ClassicNets.share(element, { answered: true });
  if (!source) return;
  element.querySelector('.cn-source').textContent = source;
  Object.assign(element.querySelector('.cn-device'), { textContent: device, title: because });
  ClassicNets.took(element, milliseconds);
};
watch('value', show);
show();
