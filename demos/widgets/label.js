// Tells page and server that this tab is seen and its controls hold what the address asked for.
const open = () => {
  if (!props.restored) return;
  ClassicNets.restore();
  trigger('select');
};
watch('restored', open);
open();
