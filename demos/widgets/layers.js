// A net's layers from low to high, each as what it likes to see. Its value is the chosen one, null for the net's favourite.
const strip = element.querySelector('.cn-layers');
let net = null;

function build(next) {
  if (next === net) return;
  net = next;
  const { layers, pictured } = props.nets[net];
  strip.replaceChildren(...layers.map(([name, short, sees], i) => {
    const button = ClassicNets.make('button', { role: 'radio', title: name, innerHTML: '<i></i><b></b> <span></span>' });
    button.dataset.layer = name;
    button.querySelector('b').textContent = short;
    button.querySelector('span').textContent = sees;
    if (pictured) Object.assign(button.querySelector('i').style, { backgroundImage: `url(${props.sprite})`, backgroundPosition: `0 ${(100 * i) / (layers.length - 1)}%` });
    button.addEventListener('click', () => choose(name));
    return button;
  }));
  strip.classList.toggle('cn-pictured', pictured);
  show();
}

const choose = (layer) => { props.value = layer; trigger('input'); show(); };
function show() {
  if (!net) return;
  const { layers, favourite } = props.nets[net], chosen = props.value || favourite;
  strip.querySelectorAll('button').forEach((button) => button.setAttribute('aria-checked', button.dataset.layer === chosen));
  const [, short] = layers.find(([name]) => name === chosen) ?? [];
  ClassicNets.share(element, { layer: chosen, short });
}
const has = (name) => props.nets[name].layers.some(([layer]) => layer === props.value);
ClassicNets.heed(element, (change) => {
  if (!change.net) return;
  build(change.net);
  if (props.value && !has(net)) choose(null);
});
watch('value', show);
watch('net', () => build(props.net));
// A link may name a layer before it is known of which net.
build(has(props.net) || !props.value ? props.net : Object.keys(props.nets).find(has));
