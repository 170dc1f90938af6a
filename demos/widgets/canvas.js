// A drawing of 28×28 one-bit dots. Its value is their base64url text, 784 bits in reading order.
const SIDE = 28, PEN = props.pen_radius;
const $ = (selector) => element.querySelector(selector);
const sheet = $('.cn-sheet');

// What is on the sheet: all ink, the part of it that came as dots, and the strokes drawn over them.
let ink, dots, strokes = [], past = [];

const { textOfBits: encode, bitsOfText: decode } = ClassicNets;
const pixels = (cells) => btoa(String.fromCharCode(...cells.map((cell) => 255 * cell)));

// --- showing ---------------------------------------------------------------------------------------------------
function show() {
  ClassicNets.paint($('.cn-dots'), pixels(dots));
  ClassicStrokes.ink($('.cn-strokes'), strokes, Math.round(sheet.clientWidth * devicePixelRatio), SIDE, 2 * PEN);
  sheet.classList.toggle('cn-empty', !ink.some(Boolean));
  $('[data-do=undo]').setAttribute('aria-disabled', !past.length);
  element.querySelectorAll('.cn-ready button').forEach((button) => button.setAttribute('aria-pressed', button.dataset.drawing === props.value));
}

// --- changing --------------------------------------------------------------------------------------------------
const send = () => { props.value = encode(ink); $('.cn-error').textContent = ''; trigger('input'); };
const remember = () => past.push({ ink: ink.slice(), dots, strokes: strokes.map((stroke) => [...stroke]) });
const put = (cells) => { ink = cells; dots = cells.slice(); strokes = []; drop(); };

function replace(cells) { remember(); put(cells); send(); show(); }

function undo() {
  if (!past.length) return;
  ({ ink, dots, strokes } = past.pop());
  drop();
  send(); show();
}

const point = (event) => ClassicNets.within(sheet, event).map((part) => part * SIDE);
function extend(to) {
  const stroke = strokes.at(-1);
  ClassicStrokes.under(stroke.at(-1), to, PEN, SIDE, SIDE).forEach((dot) => { ink[dot] = 1; });
  stroke.push(to);
}

const drop = ClassicNets.drag(sheet, {
  begin(event) { remember(); strokes.push([point(event)]); extend(point(event)); send(); show(); },
  move(_, parts) { parts.map(point).forEach(extend); send(); show(); },
});

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
  const button = ClassicNets.make('button', { title: remark, ariaLabel: remark });
  const thumb = ClassicNets.make('canvas', { width: SIDE, height: SIDE, className: 'cn-pix' });
  button.dataset.drawing = text;
  ClassicNets.paint(thumb, pixels(decode(text)));
  button.append(thumb);
  $('.cn-ready').append(button);
}
const restore = () => { if (!ink || props.value !== encode(ink)) { put(decode(props.value)); show(); } };
watch('value', restore);
watch('given', () => ClassicNets.paint($('.cn-given'), props.given));
new ResizeObserver(show).observe(sheet);
restore();
