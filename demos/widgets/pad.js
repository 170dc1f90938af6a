// A square on which one drag moves both styles, and a slider for each. Its value is [c2, c3].
const $ = (selector) => element.querySelector(selector);
const STEP = 0.05; // of an arrow key
const { limit, trained } = props, pad = $('.cn-pad'), id = `cn-style-${Math.random().toString(36).slice(2)}`;
const rows = ['c2', 'c3'].map((name, i) => {
  const row = ClassicNets.make('div', { className: 'cn-style' });
  row.innerHTML = `<label for="${id}-${i}"></label><output for="${id}-${i}" aria-live="off"></output>
    <input type="range" class="cn-slide" id="${id}-${i}" min="${-limit}" max="${limit}" step="0.01">`;
  row.querySelector('input').addEventListener('input', (event) => move(props.value.with(i, +event.target.value)));
  $('.cn-styles').append(row);
  return row;
});

// --- moving --------------------------------------------------------------------------------------------------------
const kept = (value) => Math.round(100 * Math.min(limit, Math.max(-limit, value))) / 100;
const move = (styles) => ClassicNets.share(element, { styles: styles.map(kept) });

function follow(event) {
  const [x, y] = ClassicNets.within(pad, event);
  move([limit * (2 * x - 1), limit * (1 - 2 * y)]);
}
ClassicNets.drag(pad, { begin: follow, move: follow });
ClassicNets.arrows(pad, (right, down) => move([props.value[0] + STEP * right, props.value[1] - STEP * down]));

// While a walk plays its styles are shown, and the visitor's own are kept.
ClassicNets.heed(element, ({ styles, shown }) => {
  if (styles && String(styles) !== String(props.value)) { props.value = styles; trigger('input'); }
  if (styles) show(styles);
  else if (shown?.walking) show(shown.codes.styles);
});

// --- showing -------------------------------------------------------------------------------------------------------
const word = (i, value) => Math.abs(value) < 0.2 || !props.names[i] ? '' : value < 0 ? props.names[i].low : props.names[i].high;

function show([x, y] = props.value) {
  $('.cn-cross').setAttribute('d', `M${x}-2v4M-2 ${-y}h4`);
  $('circle').setAttribute('cx', x);
  $('circle').setAttribute('cy', -y);
  rows.forEach((row, i) => {
    const value = [x, y][i];
    ClassicNets.put(row.querySelector('input'), value, 0);
    row.classList.toggle('cn-on', value !== 0);
    row.querySelector('label').innerHTML = `c${i + 2} <small>${props.names[i]?.property ?? ''}</small>`;
    row.querySelector('output').textContent = ClassicNets.signed(value);
  });
  const said = [x, y].map((value, i) => [`<b>c${i + 2}</b>`, word(i, value)]).filter(([, told]) => told).map((part) => part.join(' ')).join(', ');
  const outside = Math.max(Math.abs(x), Math.abs(y)) > trained;
  $('.cn-said').innerHTML = `${said ? `${said}. ` : ''}${outside ? 'This ground was never seen in training.' : 'Training kept inside the square.'}`;
  pad.setAttribute('aria-label', `Style pad. c2 ${props.names[0]?.property ?? ''} ${x.toFixed(2)}, c3 ${props.names[1]?.property ?? ''} ${y.toFixed(2)}`);
}
const showNames = () => {
  $('.cn-across').textContent = `c2 ${props.names[0]?.property ?? ''} \u2192`;
  $('.cn-up').textContent = `c3 ${props.names[1]?.property ?? ''} \u2191`;
  show();
};
watch('value', () => show());
watch('names', showNames);
showNames();
