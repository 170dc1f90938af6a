// The picture, large, with what the detector says of it: every cell's objectness, the boxes above the threshold, or those
// left. Its value is the drawing: strokes of three letters a point. What it works out is shared as `found`.
const $ = (selector) => element.querySelector(selector), Boxes = ClassicBoxes, Strokes = ClassicStrokes;
const [scene, image, sketch, heat, svg] = ['.cn-scene', 'img', '.cn-sketch', '.cn-heat', 'svg'].map($);
const NAMES = { candidates: 'Every candidate', above: 'Above the threshold', kept: 'After suppression' };
const HINTS = { candidates: 'yellow: the cell says a thing is there', above: 'dotted: already suppressed', kept: 'click a box, or where one was' };
const LIKELY = 0.1, LATE_MS = 1000; // the objectness of boxes worth showing; when an answer is late
const SHORTEST = 6; // half pixels from one point of a stroke to the next
let settings = { score: 0.6, overlap: 0.5, method: 'hard', classwise: true, view: 'kept', step: null, grid: null, cell: null };
let seen = null, photo = image, candidates = null, grids = null, found = null, pointed = null;

// --- working out ---------------------------------------------------------------------------------------------------
function work() {
  const places = Boxes.above(candidates, settings.score), ranks = new Map(places.map((place, i) => [place, i + 1]));
  found = { candidates, places, ranks, ...Boxes.suppress(candidates, places, settings), seen, grids, settings, picture: drawn() ? sketch : photo };
  paint();
  ClassicNets.share(element, { found });
}

const due = new Set();
/** Do something once before the next frame. */
function soon(what) {
  if (due.has(what)) return;
  due.add(what);
  requestAnimationFrame(() => { due.delete(what); if (candidates) what(); });
}

// --- painting ------------------------------------------------------------------------------------------------------
const outlines = (places) => places.map((place) => Boxes.outline(candidates.box(place))).join('');
const path = (kind, d, style = '') => (d ? `<path class="cn-box-${kind}" d="${d}" style="${style}"/>` : '');
const marked = (kind, place) => path('casing', outlines([place])) + path(kind, outlines([place]));
const chosen = () => { const place = pointed ?? settings.cell; return place === null ? '' : marked('chosen', place); };

/** Boxes in the colours of their classes, each on a dark casing. */
function coloured(places) {
  const kinds = [...new Set(places.map(candidates.kind))];
  return path('casing', outlines(places)) + kinds.map((kind) => path('class', outlines(places.filter((place) => candidates.kind(place) === kind)), `stroke:var(--cn-b${kind % 10})`)).join('');
}

/** A label at a box's upper left corner, or where it has room. */
function flag([left, top, right], text, kind = '') {
  const x = (side) => (100 * Math.min(seen.width, Math.max(0, side))) / seen.width, y = (100 * Math.max(0, top)) / seen.height, leftward = x(left) > 75;
  return `<span class="cn-flag ${kind} ${y < 6 ? 'cn-below' : ''} ${leftward ? 'cn-leftward' : ''}" style="left:${x(leftward ? right : left)}%;top:${y}%">${text}</span>`;
}
const title = (place, value = candidates.score(place)) => `<b>${seen.classes[candidates.kind(place)]}</b> <i>${value.toFixed(2)}</i>`;
const number = (place) => `#${found.ranks.get(place)}`;

// Each stage's boxes and their labels.
const stages = {
  candidates() {
    const strong = Array.from(candidates.objectness.keys()).filter((i) => candidates.objectness[i] > LIKELY);
    const place = pointed ?? settings.cell ?? found.places[0] ?? null, ground = path('lines', grids.lines(settings.grid)) + path('faint', outlines(strong));
    return place === null ? [ground, ''] : [ground + path('cell', Boxes.outline(grids.cell(place).box)) + marked('chosen', place), flag(candidates.box(place), title(place))];
  },
  above() {
    const step = Math.min(settings.step ?? Infinity, found.blows.length), blow = found.blows[step - 1], { alive, gone } = Boxes.standing(found, step);
    const boxes = path('gone', outlines(gone)) + coloured(alive) + chosen();
    if (!blow) return [boxes, pointed === null ? '' : flag(candidates.box(pointed), title(pointed))];
    const [left, , right, bottom] = candidates.box(blow.box); // its label hangs below, that of the other stands above
    const labels = flag(candidates.box(blow.by), `${number(blow.by)} stays, ${title(blow.by)}`) + flag([left, bottom, right], `${number(blow.box)} ${blow.removed ? 'removed' : 'weakened'}`, 'cn-flag-struck');
    return [boxes + marked('keeper', blow.by) + marked('struck', blow.box), labels];
  },
  kept() {
    return [coloured(found.kept.map(({ place }) => place)) + chosen(), found.kept.map(({ place, score }) => flag(candidates.box(place), title(place, score))).join('')];
  },
};

function paint() {
  svg.setAttribute('viewBox', `0 0 ${seen.width} ${seen.height}`);
  [svg.innerHTML, $('.cn-flags').innerHTML] = stages[settings.view]();
  heat.hidden = settings.view !== 'candidates';
  $('.cn-stage-name').textContent = NAMES[settings.view];
  $('.cn-stage-hint').textContent = drawing() ? 'draw digits: the boxes follow the pen' : HINTS[settings.view];
}
function warm() {
  const [width, height] = grids.heat(heat, candidates.objectness, settings.grid);
  Object.assign(heat.style, { width: `${(100 * width) / seen.width}%`, height: `${(100 * height) / seen.height}%` });
}

// --- what is seen --------------------------------------------------------------------------------------------------
async function show() {
  const told = props.seen;
  if (!told?.boxes) return;
  const next = Object.assign(new Image(), { src: told.image });
  if (told.image) await next.decode().catch(() => {});
  if (told.at !== props.seen.at) return;
  const first = !seen, turned = first ? false : told.drawn !== seen.drawn || told.side !== seen.side || !told.drawn;
  seen = told;
  candidates = Boxes.unpacked(told);
  grids = Boxes.grids(told);
  if (told.image) image.src = told.image;
  photo = next;
  image.alt = told.caption;
  if (first) settings = { ...settings, ...told.asked, grid: told.asked.grid && +told.asked.grid, ...picked(ClassicNets.known(element)) };
  if (settings.cell >= candidates.length || turned) ClassicNets.share(element, { cell: null });
  point(null);
  scene.style.setProperty('--aspect', seen.width / seen.height);
  scene.classList.toggle('cn-drawn', drawn());
  element.querySelectorAll('.cn-pens, .cn-drafts').forEach((part) => { part.hidden = !drawn(); });
  hold();
  draw();
  warm();
  work();
  ClassicNets.share(element, { answered: true });
}
const picked = (known) => Object.fromEntries(Object.entries(known).filter(([key, value]) => key in settings && value !== undefined));

// Another picture or detector that takes its time is being loaded, which must be said.
let late = 0;
const asked = {};
ClassicNets.heed(element, (change) => {
  const another = ['picture', 'net'].some((key) => key in change && key in asked && change[key] !== asked[key]);
  for (const key of ['picture', 'net']) if (key in change) asked[key] = change[key];
  if (another || change.answered) clearTimeout(late);
  if (change.answered && seen) scene.classList.add('cn-answered-once');
  if (!seen || !another) return;
  late = setTimeout(() => scene.classList.remove('cn-answered-once'), LATE_MS);
});

ClassicNets.heed(element, (change) => {
  const mine = picked(change);
  if (!Object.keys(mine).length || 'found' in change) return;
  settings = { ...settings, ...mine };
  if ('grid' in mine && candidates) warm();
  soon(['score', 'overlap', 'method', 'classwise'].some((key) => key in mine) ? work : paint);
});

// --- pointing ------------------------------------------------------------------------------------------------------
let hand = 'pen';
const hold = () => {
  element.querySelectorAll('[data-do=pen], [data-do=point]').forEach((button) => button.setAttribute('aria-pressed', button.dataset.do === hand));
  scene.classList.toggle('cn-penned', drawing());
};
const drawn = () => seen?.drawn;
const drawing = () => drawn() && hand === 'pen';
function place(event) {
  const [x, y] = ClassicNets.within(scene, event);
  return [x * seen.width, y * seen.height];
}

/** The candidate that a point of the picture means. */
function meant(point) {
  if (settings.view === 'candidates') return grids.at(settings.grid, point).reduce((one, other) => (candidates.objectness[other] > candidates.objectness[one] ? other : one));
  const { alive, gone } = Boxes.standing(found, settings.view === 'kept' ? found.blows.length : settings.step ?? found.blows.length);
  const around = (places) => places.filter((one) => { const [left, top, right, bottom] = candidates.box(one); return left <= point[0] && point[0] <= right && top <= point[1] && point[1] <= bottom; })
    .sort((one, other) => Boxes.area(candidates.box(one)) - Boxes.area(candidates.box(other)))[0];
  return around(alive) ?? around(gone) ?? null;
}
function point(next) {
  if (next === pointed) return;
  pointed = next;
  soon(paint);
  ClassicNets.share(element, { pointed });
}
scene.addEventListener('pointermove', (event) => {
  if (seen && !drawing() && event.pointerType === 'mouse') point(meant(place(event)));
});
scene.addEventListener('pointerleave', () => point(null));
scene.addEventListener('click', (event) => {
  if (!seen || drawing()) return;
  const cell = meant(place(event));
  point(null);
  ClassicNets.share(element, { cell });
});
/** The next cell that way, or among boxes the next better or worse one. */
function beside(right, down) {
  if (settings.view !== 'candidates') return found.places[found.places.indexOf(settings.cell ?? found.kept[0]?.place) + right + down];
  const { stride, step, box: [left, top] } = grids.cell(settings.cell ?? found.places[0] ?? 0), to = [left + (right + 0.5) * step[0], top + (down + 0.5) * step[1]];
  return to[0] > 0 && to[1] > 0 && to[0] < seen.width && to[1] < seen.height ? grids.at(stride, to)[0] : undefined;
}
ClassicNets.arrows(scene, (right, down) => {
  if (!found) return false;
  const cell = beside(right, down);
  if (cell !== undefined) ClassicNets.share(element, { cell });
});

// --- drawing -------------------------------------------------------------------------------------------------------
let strokes = [], past = [];

const inked = (canvas, side, lines) => Strokes.ink(canvas, lines, side, props.side_px * props.parts, props.pen_px * props.parts, '#000');
const draw = () => { inked(sketch, 2 * props.side_px, strokes); $('[data-do=undo]').setAttribute('aria-disabled', !past.length); };

function send() {
  let full = false;
  for (; Strokes.encode(strokes).length > props.longest; full = true) {
    strokes.at(-1).pop();
    if (!strokes.at(-1).length) { strokes.pop(); drop(); }
  }
  const text = Strokes.encode(strokes);
  if (text !== props.value) { props.value = text; trigger('input'); }
  draw();
  if (full) ClassicNets.tell(element, 'The canvas is full: a link could not hold more. Undo or clear something.');
}
const remember = () => past.push(strokes.map((stroke) => [...stroke]));
const spot = ([x, y]) => [x, y].map((part) => Math.min(props.side_px * props.parts - 1, Math.max(0, Math.round(part * props.parts))));
function extend(to) {
  const next = spot(to), line = strokes.at(-1), last = line.at(-1);
  if (Math.hypot(next[0] - last[0], next[1] - last[1]) < SHORTEST) return;
  line.push(next);
}
const drop = ClassicNets.drag(scene, {
  begin(event) {
    if (!drawing()) return false;
    remember();
    strokes.push([spot(place(event))]);
    send();
  },
  move(_, parts) { parts.forEach((part) => extend(place(part))); send(); },
});
const replace = (lines) => { remember(); drop(); strokes = lines; send(); };

// --- buttons -------------------------------------------------------------------------------------------------------
const actions = {
  pen() { hand = 'pen'; hold(); soon(paint); },
  point() { hand = 'point'; hold(); soon(paint); },
  undo() { if (past.length) { drop(); strokes = past.pop(); send(); } },
  clear() { replace([]); },
  png() { ClassicNets.save(Boxes.framed(found, getComputedStyle(scene)).toDataURL('image/png'), 'yolo-boxes.png'); },
  json() { ClassicNets.save(`data:application/json,${encodeURIComponent(JSON.stringify(Boxes.coco(found), null, 1))}`, 'yolo-boxes.json'); },
};
element.addEventListener('click', (event) => { if (found) actions[event.target.closest('button')?.dataset.do]?.(); });

// --- beginning -----------------------------------------------------------------------------------------------------
for (const { drawing: text, remark } of props.ready) {
  const button = ClassicNets.make('button', { title: remark, ariaLabel: remark }), thumb = ClassicNets.make('canvas');
  button.append(thumb);
  inked(thumb, 80, Strokes.decode(text));
  button.addEventListener('click', () => replace(Strokes.decode(text)));
  $('.cn-drafts').append(button);
}
const restore = () => { if (props.value !== Strokes.encode(strokes)) { strokes = Strokes.decode(props.value ?? ''); draw(); } };
watch('value', restore);
watch('seen', show);
restore();
show();
