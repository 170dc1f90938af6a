// One face, the sum that rebuilds it and what is left over; its first eigenfaces with a slider each. The value is what has
// been added to their weights, in standard deviations.
const $ = (selector) => element.querySelector(selector), canvas = (name) => $(`[data-face=${name}]`), said = (name) => $(`[data-said=${name}]`);
const GAIN = 3; // what is left over is faint
let face = {}; // as the server tells it
let moves = [...props.value], k = +(ClassicNets.known(element).k ?? props.k), sum = '', spreads = null;

const terms = moves.map((_, i) => {
  const term = ClassicNets.make('div', { className: 'cn-term-face' });
  term.innerHTML = `<canvas class="cn-portrait" width="92" height="112" role="img" aria-label="Eigenface ${i + 1}"></canvas>
    <input type="range" class="cn-slide" min="${-props.limit}" max="${props.limit}" step="0.05" value="0" aria-label="Weight ${i + 1}"><output></output>`;
  term.querySelector('input').addEventListener('input', (event) => { moves[i] = added(+event.target.value - own(i)); moved(); });
  $('.cn-sum').append(term);
  return term;
});

/** The face's own weight along an eigenface, in standard deviations. */
const own = (i) => (face.weights ? face.weights[i] / (spreads?.[i] ?? 1) : 0);

/** What can be added, in the slider's steps. */
const added = (move) => Math.round(20 * Math.max(-props.farthest, Math.min(props.farthest, move))) / 20;

// --- moving --------------------------------------------------------------------------------------------------------
function moved() {
  showSliders();
  rebuild();
  props.value = [...moves];
  trigger('input');
}

const rebuild = ClassicNets.latest(async () => {
  const { weights, at } = face;
  if (!weights) return;
  const answer = await ClassicNets.ask(element, server.rebuild, { weights, moves, k });
  if (!answer || at !== face.at) return; // meanwhile another face has come
  sum = answer.picture;
  showSum();
  ClassicNets.took(element, answer.milliseconds);
});

// --- showing -------------------------------------------------------------------------------------------------------
function showSliders() {
  terms.forEach((term, i) => {
    const value = own(i) + moves[i], slider = term.querySelector('input');
    ClassicNets.put(slider, Math.max(-props.limit, Math.min(props.limit, value)), 0);
    slider.disabled = !face.weights || !spreads?.length || i >= k;
    term.classList.toggle('cn-on', Math.abs(moves[i]) > 0.01);
    term.querySelector('output').textContent = i >= k ? 'unused' : slider.disabled ? '–' : `${ClassicNets.signed(value)}σ`;
  });
  $('[data-do=own]').setAttribute('aria-disabled', !moves.some((move) => Math.abs(move) > 0.01));
}

function showSum() {
  ClassicNets.paint(canvas('sum'), sum);
  ClassicNets.paintChange(canvas('rest'), sum, face.picture, GAIN);
  const bent = moves.some((move, i) => i < k && Math.abs(move) > 0.01);
  said('sum').textContent = bent ? 'with weights moved' : `from ${k}`;
  said('rest').innerHTML = bent ? 'ochre +, violet −' : `<b class="cn-num">${face.from[k - 1].toFixed(1)}</b> grey levels`;
  $('.cn-count').textContent = k;
}

function showFace() {
  face = JSON.parse(props.face || '{}');
  if (!face.picture) return;
  showBasis();
  ClassicNets.paint(canvas('own'), face.picture);
  said('own').textContent = face.title;
  sum = face.sum;
  showSliders();
  showSum();
  ClassicNets.share(element, { face: { ...face, of: ClassicNets.known(element).picture } });
  if (face.k !== k || String(face.moves) !== String(moves)) rebuild(); // a control has moved while it was on its way
}

async function showBasis() {
  if (spreads) return;
  spreads = [];
  const answer = await ClassicNets.ask(element, server.basis, {});
  ({ spreads } = answer ?? { spreads: null });
  [answer?.mean, ...(answer?.faces ?? [])].forEach((picture, i) => ClassicNets.paint(element.querySelectorAll('.cn-sum canvas')[i], picture));
  showSliders();
}

ClassicNets.heed(element, (change) => {
  if (!('k' in change) || change.k === k) return;
  k = change.k;
  showSliders();
  rebuild();
});

// --- more ------------------------------------------------------------------------------------------------------------
async function openAtlas() {
  const answer = await ClassicNets.ask(element, server.atlas, {});
  if (answer) ClassicNets.enlarge({ src: answer.png, title: 'The mean face and all 170 eigenfaces', caption: 'Row by row, those along which the 400 faces differ most come first; each is stretched to its own greatest value.', file: 'eigenfaces.png' });
}

element.addEventListener('click', (event) => {
  const action = event.target.dataset.do;
  if (action === 'own') { moves = moves.map(() => 0); moved(); }
  if (action === 'atlas') openAtlas();
  if (action === 'random') ClassicNets.share(element, { wanted: { picture: `sampled_${Math.floor(10_000 * Math.random())}` } });
});

watch('value', () => { if (String(props.value) !== String(moves)) { moves = [...props.value]; showSliders(); rebuild(); } });
watch('face', showFace);
window.addEventListener('viewchange', () => { if (sum) showSum(); });
showFace();
