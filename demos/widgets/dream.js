// The picture and what became of it, one over the other. Its value is the mask brushed on it, a data: address, or null.
const $ = (selector) => element.querySelector(selector);
const box = $('.cn-wipe'), [before, after] = [$('.cn-before'), $('.cn-after')], slider = $('input'), brushed = $('.cn-brushed');
const BRUSH = 0.07, MASK_PX = 256; // the brush's radius, as a part of the longer side

let film = [], dreamed = null, last = null; // the shown frames; the finished dream, and the one before it
let size = [4, 3], running = false, short = '', turn = 1;

// --- showing -------------------------------------------------------------------------------------------------------
function fit([width, height]) {
  size = [width, height];
  box.style.setProperty('--aspect', width / height);
  const scale = MASK_PX / Math.max(width, height);
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
  if (brushed.width !== w || brushed.height !== h) { Object.assign(brushed, { width: w, height: h }); unbrush(); }
}

function begin({ image, size: fitted, caption }) {
  before.src = image;
  if (fitted) fit(fitted);
  $('.cn-cap').textContent = caption ?? '';
  show(null);
}

function show(image) {
  after.hidden = slider.hidden = !image;
  $('.cn-seam').hidden = $('.cn-tag-after').hidden = !image;
  if (image) after.src = image;
  $('.cn-waiting').textContent = '';
}

function wipe(percent) { slider.value = percent; box.style.setProperty('--x', `${percent}%`); }
slider.addEventListener('input', () => wipe(slider.value));

function allow() {
  element.querySelectorAll('[data-keep]').forEach((button) => { button.disabled = !dreamed || running || (button.dataset.keep !== 'png' && film.length < 2); });
  $('[data-do=compare]').disabled = !last || running;
}

watch('frame', () => {
  const { frame } = props;
  if (frame.waiting) { $('.cn-waiting').textContent = frame.waiting; return; }
  if (frame.failed) { running = false; allow(); ClassicNets.share(element, { frame }); return; }
  if (!running) { running = true; film = []; turn = 1; last = dreamed; compare(false); }
  if (frame.before !== before.src) before.src = frame.before;
  fit(frame.size);
  $('.cn-cap').textContent = frame.caption;
  show(frame.image);
  $('.cn-tag-after').textContent = `after, ${frame.short}`;
  // Of a zoom film only what each turn ended with; of a dream every frame that came.
  if (frame.turn !== turn || frame.turns === 1 || frame.last) film.push(frame.turn !== turn && frame.turns > 1 ? frame.ended : frame.image);
  turn = frame.turn;
  dreamed = frame.image;
  if (frame.last) running = false;
  allow();
  ClassicNets.share(element, { frame });
});

// --- against the last dream ------------------------------------------------------------------------------------------
function compare(on) {
  $('[data-do=compare]').setAttribute('aria-pressed', on);
  if (props.frame?.before) before.src = on ? last : props.frame.before;
  $('.cn-tag-before').textContent = on ? 'the last dream' : 'before';
  if (on) wipe(50);
}

// --- the brush -------------------------------------------------------------------------------------------------------
let brushing = false, pointer = null;
function unbrush() {
  brushed.getContext('2d').clearRect(0, 0, brushed.width, brushed.height);
  $('[data-do=unbrush]').hidden = true;
  if (props.value) { props.value = null; trigger('input'); }
}
function brush(event) {
  const frame = brushed.getBoundingClientRect(), pen = brushed.getContext('2d');
  pen.fillStyle = '#fff';
  pen.beginPath();
  pen.arc(((event.clientX - frame.left) / frame.width) * brushed.width, ((event.clientY - frame.top) / frame.height) * brushed.height, BRUSH * MASK_PX, 0, 7);
  pen.fill();
}
/** White on black, its edge softened. */
function mask() {
  const sheet = Object.assign(document.createElement('canvas'), { width: brushed.width, height: brushed.height }), pen = sheet.getContext('2d');
  pen.fillRect(0, 0, sheet.width, sheet.height);
  pen.filter = 'blur(4px)';
  pen.drawImage(brushed, 0, 0);
  return sheet.toDataURL('image/png');
}
brushed.addEventListener('pointerdown', (event) => { pointer = event.pointerId; brushed.setPointerCapture(pointer); brush(event); });
brushed.addEventListener('pointermove', (event) => { if (event.pointerId === pointer) (event.getCoalescedEvents?.() ?? [event]).forEach(brush); });
brushed.addEventListener('lostpointercapture', () => {
  pointer = null;
  $('[data-do=unbrush]').hidden = false;
  props.value = mask();
  trigger('input');
});

// --- keeping ---------------------------------------------------------------------------------------------------------
async function keep(kind) {
  const frames = kind === 'png' ? [dreamed] : [...film.slice(0, -1), dreamed];
  const answer = await ClassicNets.ask(element, server.keep({ kind, frames, settings: ClassicNets.address() }));
  if (answer) Object.assign(document.createElement('a'), { href: answer.file, download: `deepdream.${kind}` }).click();
}

element.addEventListener('click', (event) => {
  const { keep: kind, do: action } = event.target.dataset;
  if (kind) keep(kind);
  if (action === 'brush') {
    brushing = !brushing;
    event.target.setAttribute('aria-pressed', brushing);
    box.classList.toggle('cn-brushing', brushing);
  }
  if (action === 'unbrush') unbrush();
  if (action === 'compare') compare(event.target.getAttribute('aria-pressed') !== 'true');
});

// --- what others of the tab tell ---------------------------------------------------------------------------------------
const load = ClassicNets.latest(async (picture) => {
  const { frame } = props, answer = await ClassicNets.ask(element, server.look({ picture, size_px: props.size_px }));
  if (!answer || props.frame !== frame) return; // a dream on it has begun meanwhile
  [running, dreamed, film] = [false, null, []];
  unbrush();
  begin(answer);
  allow();
  ClassicNets.share(element, { begun: true });
});
let seen = ClassicNets.known(element).picture;
ClassicNets.heed(element, (change) => {
  if (change.running === false) { running = false; allow(); }
  if (!('picture' in change) || change.picture === seen) return;
  const first = seen === undefined;
  seen = change.picture;
  if (!first) load(seen);
});
