// Sixteen sliders and the picture they change. The value is the list of offsets; moving one asks the server for the decoder only.
const $ = (selector) => element.querySelector(selector);
const RESET = '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M3.2 8a4.8 4.8 0 1 0 1.6-3.6M3 2.2v3.2h3.2"/></svg>';
const id = `cn-dim-${Math.random().toString(36).slice(2)}`;
const { limit, step } = props, range = `${ClassicNets.signed(-limit)} to ${ClassicNets.signed(limit)}`;

const rows = Array.from({ length: props.value.length }, (_, i) => {
  const row = ClassicNets.make('div', { className: 'cn-dim' });
  row.innerHTML = `<div class="cn-dim-head"><label for="${id}-${i}"></label><output for="${id}-${i}"></output><button class="cn-reset" type="button">${RESET}</button></div>
    <canvas class="cn-low cn-pix cn-s" width="28" height="28" aria-hidden="true"></canvas><input type="range" class="cn-slide" id="${id}-${i}" min="${-limit}" max="${limit}" step="${step}" value="0"><canvas class="cn-high cn-pix cn-s" width="28" height="28" aria-hidden="true"></canvas>`;
  row.querySelector('input').addEventListener('input', (event) => move(i, +event.target.value));
  row.querySelector('.cn-reset').addEventListener('click', () => move(i, 0));
  $('.cn-bank').append(row);
  return row;
});

// Without a reading the capsule is {}.
const name = (i) => props.capsule.names?.[i] ?? `dim ${i + 1}`;

// --- moving --------------------------------------------------------------------------------------------------------
let offsets = [...props.value], picture;

function move(i, value) { offsets[i] = value; moved(); }

function moved() {
  showSliders();
  decode();
  props.value = [...offsets];
  trigger('input');
}

const decode = ClassicNets.latest(async () => {
  const { digit, pose } = props.capsule;
  if (!pose) return;
  const answer = await ClassicNets.ask(element, server.decode, { digit, pose, offsets });
  // Meanwhile another digit may have been drawn.
  if (!answer || digit !== props.capsule.digit || String(pose) !== String(props.capsule.pose)) return;
  showPicture(answer.picture);
  ClassicNets.took(element, answer.milliseconds);
});

// --- showing -------------------------------------------------------------------------------------------------------
function showSliders() {
  rows.forEach((row, i) => {
    ClassicNets.put(row.querySelector('input'), offsets[i], 0);
    row.classList.toggle('cn-on', offsets[i] !== 0);
    row.querySelector('output').textContent = ClassicNets.signed(offsets[i]);
  });
  const changed = [...rows.keys()].filter((i) => offsets[i] !== 0);
  const listed = changed.slice(0, 4).map((i) => `<b>${name(i)}</b> <span class="cn-num">${ClassicNets.signed(offsets[i])}</span>`).join(', ');
  $('.cn-changes').innerHTML = !props.capsule.pose ? '' : !changed.length ? 'As the net found it. Move a slider.'
    : `${listed}${changed.length > 4 ? ` and ${changed.length - 4} more` : ''}.${changed.length < rows.length ? ' The others are as the net found them.' : ''}`;
  $('[data-do=reset]').setAttribute('aria-disabled', !changed.length);
}

function showPicture(newest) {
  picture = newest;
  ClassicNets.paint($('.cn-perturbed'), picture);
  ClassicNets.paintChange($('.cn-change'), props.capsule.reconstruction, picture);
}

function showCapsule() {
  const { digit, pose, names, ends } = props.capsule;
  $('.cn-title').textContent = pose ? `Sixteen dimensions of capsule ${digit}` : 'Sixteen dimensions';
  rows.forEach((row, i) => {
    const label = name(i);
    row.querySelector('label').innerHTML = names?.[i] ? `${label} <small>${i + 1}</small>` : label;
    row.querySelector('.cn-reset').setAttribute('aria-label', `Reset ${label}`);
    row.querySelector('input').disabled = !pose;
    ClassicNets.paint(row.querySelector('.cn-low'), ends?.[2 * i]);
    ClassicNets.paint(row.querySelector('.cn-high'), ends?.[2 * i + 1]);
  });
  $('[data-do=sheet]').disabled = !pose;
  showSliders();
  showPicture(props.capsule.picture);
  // A slider may have moved while this capsule was on its way.
  if (pose && String(props.capsule.offsets) !== String(offsets)) decode();
}

// --- the sheet -----------------------------------------------------------------------------------------------------
async function openSheet() {
  const { digit, pose } = props.capsule;
  const answer = await ClassicNets.ask(element, server.sheet, { digit, pose });
  if (answer) ClassicNets.enlarge({ src: answer.png, title: `Capsule ${digit}: a dimension a row, from ${range}`, file: `capsule-${digit}.png` });
}

element.addEventListener('click', (event) => {
  const button = event.target.closest('button'), action = button?.dataset.do;
  if (action === 'sheet') openSheet();
  if (action === 'reset') { offsets = offsets.map(() => 0); moved(); }
});

watch('value', () => { if (String(props.value) !== String(offsets)) { offsets = [...props.value]; showSliders(); } });
watch('capsule', showCapsule);
window.addEventListener('viewchange', () => showPicture(picture));
$('.cn-range').textContent = range;
showCapsule();
