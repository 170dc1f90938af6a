// Tells page and server that this tab is seen and its controls hold what the address asked for.
const open = () => {
  if (!props.restored) return;
  // The foot is a tab's last part: before it is there, Gradio would send the server what the others were built with.
  if (!element.closest('.tabitem')?.querySelector('.cn-answered')) { setTimeout(open, 10); return; }
  ClassicNets.restore();
  trigger('select');
};
watch('restored', open);
open();
