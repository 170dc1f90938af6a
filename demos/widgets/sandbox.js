// Two boxes to drag, and how much of their ground they share. Its value is x1, y1, x2, y2 of the truth, then of the guess.
const WIDTH = 320, HEIGHT = 150, MARGIN = 8, STEP = 5, FIRST = [20, 20, 180, 110, 110, 45, 265, 135];
const $ = (selector) => element.querySelector(selector);
const field = $('.cn-iou-field'), names = element.querySelectorAll('.cn-iou-name');
let boxes; // two opposite corners of each as the hand left them, perhaps crossed: [ax, ay, bx, by]
let overlap = +(ClassicNets.known(element).overlap ?? 0.5);
let held = null; // what a pointer drags, and from where

const between = (value, least, most) => Math.round(Math.min(most, Math.max(least, value)));
const upright = ([ax, ay, bx, by]) => [Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by)];

// A box is held by its inside (corner null) or by one of its two corners.
const parts = [0, 1].flatMap((box) => [null, 0, 1].map((corner) => {
  const grip = ClassicNets.make('div', { className: corner === null ? 'cn-iou-inside' : 'cn-iou-corner', tabIndex: 0, role: 'button' });
  field.append(grip);
  return { box, corner, grip };
}));

// --- moving --------------------------------------------------------------------------------------------------------
/** The box once a part of it has gone that far, no farther than the field goes. */
function gone(corner, [ax, ay, bx, by], dx, dy) {
  if (corner === 0) return [between(ax + dx, 0, WIDTH), between(ay + dy, 0, HEIGHT), bx, by];
  if (corner === 1) return [ax, ay, between(bx + dx, 0, WIDTH), between(by + dy, 0, HEIGHT)];
  const right = between(dx, -Math.min(ax, bx), WIDTH - Math.max(ax, bx)), down = between(dy, -Math.min(ay, by), HEIGHT - Math.max(ay, by));
  return [ax + right, ay + down, bx + right, by + down];
}

function move({ box, corner }, from, dx, dy) {
  const before = String(boxes.flatMap(upright));
  boxes = boxes.with(box, gone(corner, from, dx, dy));
  const value = boxes.flatMap(upright);
  if (String(value) !== before) { props.value = value; trigger('input'); }
  show();
}

const point = (event) => new DOMPoint(event.clientX, event.clientY).matrixTransform($('svg').getScreenCTM().inverse());

/** The part that a press means: the nearest of the corners in reach, else what lies there. */
function meant(event) {
  const away = ({ grip }) => {
    const at = grip.getBoundingClientRect();
    return Math.max(Math.abs(event.clientX - at.x - at.width / 2), Math.abs(event.clientY - at.y - at.height / 2));
  };
  const reach = parts.filter((part) => part.corner !== null && away(part) <= part.grip.offsetWidth / 2);
  return reach.sort((a, b) => away(a) - away(b))[0] ?? parts.find(({ grip }) => grip === event.target);
}

field.addEventListener('pointerdown', (event) => {
  const part = meant(event);
  if (event.button || held || !part) return;
  held = { part, pointer: event.pointerId, start: point(event), from: boxes[part.box] };
  part.grip.setPointerCapture(event.pointerId);
});
field.addEventListener('pointermove', (event) => {
  if (event.pointerId !== held?.pointer) return;
  const { x, y } = point(event);
  move(held.part, held.from, x - held.start.x, y - held.start.y);
});
// Comes after pointerup and pointercancel too.
field.addEventListener('lostpointercapture', (event) => { if (event.pointerId === held?.pointer) held = null; });

ClassicNets.arrows(field, (right, down, { target }) => {
  const part = parts.find(({ grip }) => grip === target);
  if (!part) return false;
  move(part, boxes[part.box], STEP * right, STEP * down);
});

// --- measuring -----------------------------------------------------------------------------------------------------
function measured([a, b, c, d], [e, f, g, h]) {
  const tp = Math.max(0, Math.min(c, g) - Math.max(a, e)) * Math.max(0, Math.min(d, h) - Math.max(b, f));
  const fp = (g - e) * (h - f) - tp, fn = (c - a) * (d - b) - tp, all = tp + fp + fn;
  const iou = all && tp / all; // boxes without ground share nothing
  const apart = ((a + c - e - g) / 2) ** 2 + ((b + d - f - h) / 2) ** 2;
  const across = (Math.max(c, g) - Math.min(a, e)) ** 2 + (Math.max(d, h) - Math.min(b, f)) ** 2;
  return { tp, fp, fn, all, iou, diou: iou - (across && apart / across) };
}

// --- showing -------------------------------------------------------------------------------------------------------
const grouped = (count) => String(count).replace(/\B(?=(\d{3})+$)/g, '\u00a0');
const outline = ([a, b, c, d]) => `M${a} ${b}H${c}V${d}H${a}z`;
const percent = (x, y) => ({ left: `${(100 * (x + MARGIN)) / (WIDTH + 2 * MARGIN)}%`, top: `${(100 * (y + MARGIN)) / (HEIGHT + 2 * MARGIN)}%` });

function draw(truth, guess) {
  const shared = [Math.max(truth[0], guess[0]), Math.max(truth[1], guess[1]), Math.min(truth[2], guess[2]), Math.min(truth[3], guess[3])];
  $('.cn-iou-union').setAttribute('d', outline(truth) + outline(guess));
  $('.cn-iou-shared').setAttribute('d', shared[0] < shared[2] && shared[1] < shared[3] ? outline(shared) : '');
  $('.cn-iou-truth').setAttribute('d', outline(truth));
  $('.cn-iou-guess').setAttribute('d', outline(guess));
  name(0, (truth[0] + truth[2]) / 2, truth[1], truth, guess);
  name(1, (guess[0] + guess[2]) / 2, guess[3], guess, truth);
}

/** A name amid its box's line, on the ground that is there; none where the line is too short for it. */
function name(box, x, y, [left, , right], [a, b, c, d]) {
  Object.assign(names[box].style, percent(x, y));
  names[box].hidden = right - left < 72;
  names[box].classList.toggle('cn-iou-within', a < x && x < c && b < y && y < d);
}

function place({ box, corner, grip }) {
  const name = ['truth', 'guess'][box], raw = boxes[box], [a, b, c, d] = upright(raw);
  if (corner === null) {
    const from = percent(a, b), to = percent(c, d);
    Object.assign(grip.style, from, { width: `calc(${to.left} - ${from.left})`, height: `calc(${to.top} - ${from.top})` });
    grip.style.zIndex = (c - a) * (d - b) < area(1 - box) ? 1 : 0; // the smaller is never buried
    grip.setAttribute('aria-label', `Move the ${name}, now from ${a}, ${b} to ${c}, ${d}`);
  } else {
    const [x, y] = raw.slice(2 * corner, 2 * corner + 2);
    Object.assign(grip.style, percent(x, y), { cursor: (raw[2] - raw[0]) * (raw[3] - raw[1]) < 0 ? 'nesw-resize' : 'nwse-resize' });
    grip.setAttribute('aria-label', `Corner of the ${name}, now at ${x}, ${y}`);
  }
}
function area(box) { const [a, b, c, d] = upright(boxes[box]); return (c - a) * (d - b); }

const { say } = ClassicNets;

function judge(iou) {
  const [first, second] = iou > overlap ? ['More', 'suppression would remove the weaker one.'] : ['Not more', 'both would stay.'];
  say($('.cn-iou-verdict b'), `${first} than ${overlap.toFixed(2)}:`);
  say($('.cn-iou-verdict span'), second);
}

function show() {
  const [truth, guess] = boxes.map(upright), { iou, diou, ...counts } = measured(truth, guess);
  const figures = { iou: iou.toFixed(2), diou: ClassicNets.signed(Math.round(100 * diou) / 100), ...Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, grouped(count)])) };
  draw(truth, guess);
  parts.forEach(place);
  element.querySelectorAll('[data-figure]').forEach((place) => say(place, figures[place.dataset.figure]));
  judge(iou);
  $('.cn-iou').dataset.value = JSON.stringify([...truth, ...guess]);
}

function restore() {
  const asked = props.value?.length === 8 ? [...props.value] : FIRST;
  if (String(asked) === String(boxes?.flatMap(upright))) return;
  boxes = [asked.slice(0, 4), asked.slice(4)];
  show();
}
ClassicNets.heed(element, (change) => {
  if (change.overlap == null) return;
  overlap = +change.overlap;
  show();
});
watch('value', restore);
restore();
