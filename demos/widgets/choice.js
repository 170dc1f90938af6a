// One of a few things, shared under its own name.
const select = element.querySelector('select');
const show = () => { select.value = props.value; ClassicNets.share(element, { [props.shares]: props.value }); };
select.addEventListener('change', () => { props.value = select.value; trigger('input'); show(); });
watch('value', show);
show();
