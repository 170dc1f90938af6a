// The picture and what became of it, one over the other. Its value is the mask brushed on it, a data: address, or null.
const $ = (selector) => element.querySelector(selector);
const box = $('.cn-wipe'), [before, after] = [$('.cn-before'), $('.cn-after')], slider = $('input'), brushed = $('.cn-brushed');
const BRUSH = 0.07, MASK_PX = 256; // the brush's radius, as a part of the longer side
const MOST_LETTERS = 20e6; // of a film's frames, as many as the server lets in

let film = [], made = null, last = null; // the run's frames; the work as it stands, and that of the run before
let run = 0, running = false, settings = ''; // the run whose frames count, whether it goes on, what it was set to
let picture = ClassicNets.known(element)[props.begins], waiting = false; // the picture that is chosen; whether it is yet to be shown

// --- showing -------------------------------------------------------------------------------------------------------
function fit([width, height]) {
  box.style.setProperty('--aspect', width / height);
  const scale = MASK_PX / Math.max(width, height);
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
  if (Math.abs(brushed.width - w) > 2 || Math.abs(brushed.height - h) > 2) { Object.assign(brushed, { width: w, height: h }); unbrush(); }
}

function show(image) {
  after.hidden = slider.hidden = !image;
  $('.cn-seam').hidden = $('.cn-tag-after').hidden = !image;
  if (image) after.src = image;
}

function wipe(percent) { slider.value = percent; box.style.setProperty('--x', `${percent}%`); }
slider.addEventListener('input', () => wipe(slider.value));

function allow() {
  element.querySelectorAll('[data-keep]').forEach((button) => { button.disabled = !made || running || (button.dataset.keep !== 'png' && film.length < 2); });
  $('[data-do=compare]').disabled = !last || running;
}

watch('frame', () => {
  const { frame } = props;
  if (frame.run !== run) return;
  $('.cn-waiting').textContent = frame.waiting ?? '';
  if (frame.waiting) {
    ClassicNets.share(element, { waiting: frame.waiting });
    if (!before.src) look(); // what it will begin with
    return;
  }
  ClassicNets.share(element, { frame });
  if (frame.failed) { end(); return; }
  if (!running) { film = []; last = made; settings = ClassicNets.address(); compare(false); }
  if (frame.before !== before.src) before.src = frame.before;
  fit(frame.size);
  $('.cn-cap').textContent = frame.caption;
  show(frame.image);
  $('.cn-tag-after').textContent = `after, ${frame.short}`;
  if (frame.filmed) film.push(frame.image);
  made = frame.image;
  running = true;
  allow();
  if (frame.last) end();
});

/** The run is over; a picture that was chosen meanwhile comes to its turn. */
function end() {
  running = false;
  allow();
  if (waiting) look();
}

// --- against the last one --------------------------------------------------------------------------------------------
function compare(on) {
  $('[data-do=compare]').setAttribute('aria-pressed', on);
  if (props.frame?.before) before.src = on ? last : props.frame.before;
  $('.cn-tag-before').textContent = on ? `the last ${props.thing}` : 'before';
  if (on) wipe(50);
}

// --- the brush -------------------------------------------------------------------------------------------------------
const brushes = element.querySelectorAll('[data-brush]');
let colour = null; // of the brush in the hand, if any
function brushing(chosen) {
  brushes.forEach((button) => button.setAttribute('aria-pressed', button === chosen));
  colour = chosen && props.brushes[chosen.dataset.brush][1];
  box.classList.toggle('cn-brushing', Boolean(colour));
}
function unbrush() {
  brushed.getContext('2d').clearRect(0, 0, brushed.width, brushed.height);
  $('[data-do=unbrush]').hidden = true;
  if (props.value) { props.value = null; trigger('input'); }
}
function brush(event) {
  const [x, y] = ClassicNets.within(brushed, event), pen = brushed.getContext('2d');
  pen.fillStyle = colour;
  pen.beginPath();
  pen.arc(x * brushed.width, y * brushed.height, BRUSH * MASK_PX, 0, 7);
  pen.fill();
}
/** The colours on black, their edges softened. */
function mask() {
  const sheet = ClassicNets.make('canvas', { width: brushed.width, height: brushed.height }), pen = sheet.getContext('2d');
  pen.fillRect(0, 0, sheet.width, sheet.height);
  pen.filter = 'blur(4px)';
  pen.drawImage(brushed, 0, 0);
  return sheet.toDataURL('image/png');
}
ClassicNets.drag(brushed, {
  begin: brush,
  move(_, parts) { parts.forEach(brush); },
  end() { $('[data-do=unbrush]').hidden = false; props.value = mask(); trigger('input'); },
});

// --- keeping ---------------------------------------------------------------------------------------------------------
async function keep(kind) {
  const letters = film.reduce((sum, frame) => sum + frame.length, 0);
  const every = Math.ceil(Math.max(film.length / props.most_frames, letters / MOST_LETTERS));
  const frames = film.filter((_, i) => (film.length - 1 - i) % every === 0);
  const asked = kind === 'png' ? [server.keep, { picture: made, settings }] : [server.film, { kind, frames }];
  const answer = await ClassicNets.ask(element, ...asked);
  if (answer) ClassicNets.save(answer.file, `${props.slug}.${kind}`);
}

element.addEventListener('click', (event) => {
  const { keep: kind, do: action, brush: hand } = event.target.dataset;
  if (kind) keep(kind);
  if (hand) brushing(event.target.getAttribute('aria-pressed') === 'true' ? null : event.target);
  if (action === 'unbrush') unbrush();
  if (action === 'compare') compare(event.target.getAttribute('aria-pressed') !== 'true');
});

// --- what others of the tab tell ---------------------------------------------------------------------------------------
const look = ClassicNets.latest(async () => {
  waiting = false;
  const answer = await ClassicNets.ask(element, server.look, { [props.begins]: picture, size_px: props.size_px });
  if (!answer || running) return; // a run on it has begun meanwhile
  [made, last, film] = [null, null, []];
  unbrush();
  compare(false);
  before.src = answer.image;
  fit(answer.size);
  $('.cn-cap').textContent = answer.caption;
  $('.cn-waiting').textContent = '';
  show(null);
  allow();
  ClassicNets.share(element, { begun: true });
});

ClassicNets.heed(element, (change) => {
  if ('run' in change) {
    run = change.run;
    if (run === null) end(); else brushing(null);
  }
  if (!(props.begins in change) || change[props.begins] === picture) return;
  const first = picture === undefined;
  picture = change[props.begins];
  if (first) return;
  if (running) waiting = true; else look();
});
