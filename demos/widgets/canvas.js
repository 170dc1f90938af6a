// A drawing of 28×28 one-bit dots. Its value is their base64url text, 784 bits in reading order.
const SIDE = 28, PEN = props.pen_radius;
const $ = (selector) => element.querySelector(selector);
const sheet = $('.cn-sheet'), strokesCanvas = $('.cn-strokes');

// What is on the sheet: all ink, the part of it that came as dots, and the strokes drawn over them.
let ink, dots, strokes = [], past = [];
let pointer = null; // the one that draws; a second finger changes nothing

const { textOfBits: encode, bitsOfText: decode } = ClassicNets;
const pixels = (cells) => btoa(String.fromCharCode(...cells.map((cell) => 255 * cell)));

// --- showing ---------------------------------------------------------------------------------------------------
function show() {
  ClassicNets.paint($('.cn-dots'), pixels(dots));
  const size = Math.round(sheet.clientWidth * devicePixelRatio), pen = strokesCanvas.getContext('2d');
  strokesCanvas.width = strokesCanvas.height = size;
  pen.scale(size / SIDE, size / SIDE);
  pen.lineWidth = 2 * PEN;
  pen.lineCap = pen.lineJoin = 'round';
  pen.strokeStyle = '#fff';
  for (const stroke of strokes) {
    pen.beginPath();
    stroke.forEach(([x, y]) => pen.lineTo(x, y));
    pen.lineTo(...stroke.at(-1));
    pen.stroke();
  }
  sheet.classList.toggle('cn-empty', !ink.some(Boolean));
  $('[data-do=undo]').setAttribute('aria-disabled', !past.length);
  element.querySelectorAll('.cn-ready button').forEach((button) => button.setAttribute('aria-pressed', button.dataset.drawing === props.value));
}

// --- changing --------------------------------------------------------------------------------------------------
const send = () => { props.value = encode(ink); $('.cn-error').textContent = ''; trigger('input'); };
const remember = () => past.push({ ink: ink.slice(), dots, strokes: strokes.map((stroke) => [...stroke]) });
const put = (cells) => { ink = cells; dots = cells.slice(); strokes = []; pointer = null; };

function replace(cells) { remember(); put(cells); send(); show(); }

function undo() {
  if (!past.length) return;
  ({ ink, dots, strokes } = past.pop());
  pointer = null;
  send(); show();
}

/** Ink every dot whose centre lies within the pen of the way from one point to the next. */
function inkAlong([ax, ay], [bx, by]) {
  const length2 = (bx - ax) ** 2 + (by - ay) ** 2 || 1;
  for (let i = 0; i < SIDE * SIDE; i++) {
    const x = (i % SIDE) + 0.5, y = Math.floor(i / SIDE) + 0.5;
    const t = Math.min(1, Math.max(0, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length2));
    if (Math.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay)) <= PEN) ink[i] = 1;
  }
}

const point = (event) => {
  const box = sheet.getBoundingClientRect();
  return [((event.clientX - box.left) / box.width) * SIDE, ((event.clientY - box.top) / box.height) * SIDE];
};
const extend = (to) => { const stroke = strokes.at(-1); inkAlong(stroke.at(-1), to); stroke.push(to); };

sheet.addEventListener('pointerdown', (event) => {
  if (event.button || pointer !== null) return;
  sheet.setPointerCapture(event.pointerId);
  remember();
  pointer = event.pointerId;
  strokes.push([point(event)]);
  extend(point(event));
  send(); show();
});
sheet.addEventListener('pointermove', (event) => {
  if (event.pointerId !== pointer) return;
  const events = event.getCoalescedEvents?.() ?? [];
  for (const part of events.length ? events : [event]) extend(point(part));
  send(); show();
});
// Comes after pointerup and pointercancel too.
sheet.addEventListener('lostpointercapture', (event) => { if (event.pointerId === pointer) pointer = null; });

element.addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (button?.dataset.do === 'clear') replace(new Uint8Array(SIDE * SIDE));
  if (button?.dataset.do === 'undo') undo();
  if (button?.dataset.drawing) replace(decode(button.dataset.drawing));
});

// --- uploads: the browser decodes, turns and shrinks; the server gets plain grey levels ---------------------------
async function greyLevels(file) {
  const picture = await createImageBitmap(file);
  const canvas = ClassicNets.onWhite(picture, picture.width, picture.height, props.largest_side);
  const { width, height } = canvas, { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
  const grey = Uint8Array.from({ length: width * height }, (_, i) => 0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2]);
  let letters = '';
  grey.forEach((level) => { letters += String.fromCharCode(level); });
  return { width, height, grey: btoa(letters) };
}

$('input[type=file]').addEventListener('change', async (event) => {
  const file = event.target.files[0];
  event.target.value = '';
  if (!file) return;
  const levels = await greyLevels(file).catch(() => null);
  const answer = levels ? await server.drawing_of(levels).catch(() => ({ error: 'the server does not answer' })) : { error: 'this file is not a picture the browser can open' };
  if (answer.drawing) replace(decode(answer.drawing));
  else $('.cn-error').innerHTML = '<b>No digit.</b> ';
  $('.cn-error').append(answer.error ?? '');
});

// --- beginning ---------------------------------------------------------------------------------------------------
for (const { drawing: text, remark } of props.ready) {
  const button = Object.assign(document.createElement('button'), { type: 'button', title: remark });
  const thumb = Object.assign(document.createElement('canvas'), { width: SIDE, height: SIDE, className: 'cn-pix' });
  button.dataset.drawing = text;
  button.setAttribute('aria-label', remark);
  ClassicNets.paint(thumb, pixels(decode(text)));
  button.append(thumb);
  $('.cn-ready').append(button);
}
const restore = () => { if (!ink || props.value !== encode(ink)) { put(decode(props.value)); show(); } };
watch('value', restore);
watch('given', () => ClassicNets.paint($('.cn-given'), props.given));
new ResizeObserver(show).observe(sheet);
restore();
