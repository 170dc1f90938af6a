// Tells the server that this tab is on the page and its controls hold what the address asked for.
const open = () => { if (props.restored) trigger('load'); };
watch('restored', open);
open();
