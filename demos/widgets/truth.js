// One's own ground truth: true boxes drawn on the picture, and how the detector's boxes fare against them. Its value is five
// whole numbers a box: class, left, top, right, bottom in the picture's pixels.
const $ = (selector) => element.querySelector(selector), Boxes = ClassicBoxes;
const HIT = 0.5, EVERY = 0.01, MOST = 100; // the IoU of a hit; from which score, and how many, boxes count for the average precision
const scene = $('.cn-truth-scene'), overlay = scene.querySelector('svg'), select = $('select');
let found = null, start = null, draft = null, drawnOn = null;

const truths = () => Array.from({ length: Math.floor((props.value ?? []).length / 5) }, (_, i) => { const [kind, ...box] = props.value.slice(5 * i, 5 * i + 5); return { kind, box }; });
function put(all) {
  if (all.length > props.most) return;
  props.value = all.flatMap(({ kind, box }) => [kind, ...box.map((side, i) => Math.round(Math.min(i % 2 ? found.seen.height : found.seen.width, Math.max(0, side))))]);
  trigger('input');
  show();
}

// --- measuring -----------------------------------------------------------------------------------------------------
const plain = ({ place, score }) => ({ score, kind: found.candidates.kind(place), box: [...found.candidates.box(place)] });
let every = { of: null };
/** All boxes that suppression leaves of all candidates but the hopeless. */
function boxes() {
  const { overlap, method, classwise } = found.settings, of = [found.candidates, overlap, method, classwise];
  if (every.of?.every((part, i) => part === of[i])) return every.boxes;
  const kept = Boxes.suppress(found.candidates, Boxes.above(found.candidates, EVERY), { overlap, method, classwise, score: EVERY }).kept.slice(0, MOST);
  every = { of, boxes: kept.map(plain) };
  return every.boxes;
}

function measure() {
  const real = truths(), matches = Boxes.matched(found.kept.map(plain), real, HIT), hits = matches.filter(({ met }) => met).length;
  const precision = matches.length ? hits / matches.length : 0, recall = real.length ? hits / real.length : 0;
  return { real, matches, hits, precision, recall, f1: precision + recall ? (2 * precision * recall) / (precision + recall) : 0 };
}

// --- showing -------------------------------------------------------------------------------------------------------
const outlines = (list) => list.map(({ box }) => Boxes.outline(box)).join('');
const figure = (name, value, title) => `<div title="${title}"><span>${name}</span><b class="cn-num">${value}</b></div>`;

function show() {
  if (!found || !element.offsetParent) return;
  const { real, matches, hits, precision, recall, f1 } = measure(), canvas = $('canvas'), { seen } = found;
  scene.style.setProperty('--aspect', seen.width / seen.height);
  Object.assign(canvas, { width: seen.width, height: seen.height });
  canvas.getContext('2d').drawImage(found.picture, 0, 0, seen.width, seen.height);
  overlay.setAttribute('viewBox', `0 0 ${seen.width} ${seen.height}`);
  const lines = (kind, list) => `<path class="cn-box-casing" d="${list}"/><path class="cn-box-${kind}" d="${list}"/>`;
  overlay.innerHTML = lines('hit', outlines(matches.filter(({ met }) => met))) + lines('false', outlines(matches.filter(({ met }) => !met)))
    + lines('true', outlines([...real, ...(draft ? [draft] : [])]));
  scene.querySelector('.cn-flags').innerHTML = real.map(({ kind, box }) => `<span class="cn-flag cn-flag-struck" style="left:${(100 * box[0]) / seen.width}%;top:${(100 * box[1]) / seen.height}%">${seen.classes[kind] ?? kind}</span>`).join('');
  const mean = real.length ? [Boxes.averagePrecision(boxes(), real, HIT), Boxes.meanPrecision(boxes(), real)] : null;
  const count = (value) => (real.length ? value : '\u2013'), of = (value) => (real.length ? value.toFixed(2) : '\u2013');
  $('.cn-tally').innerHTML = figure('TP', count(hits), 'Boxes that meet a true one') + figure('FP', count(matches.length - hits), 'Boxes that meet none') + figure('FN', count(real.length - hits), 'True boxes that none meets')
    + figure('Precision', of(precision), 'TP / (TP + FP)') + figure('Recall', of(recall), 'TP / (TP + FN)') + figure('F1', of(f1), 'Their harmonic mean')
    + figure('AP@50', mean ? mean[0].toFixed(3) : '\u2013', 'The area under the curve, as COCO takes it') + figure('AP@50:95', mean ? mean[1].toFixed(3) : '\u2013', 'The mean over the IoUs 0.50, 0.55 to 0.95');
  $('.cn-truth-said').innerHTML = real.length ? 'Solid: hits. Dotted: false alarms. White: the truth. The threshold picks one point of the curve; the average precision asks for all of them.' : 'Draw a box around each thing, with its class, or take the found ones and mend them.';
  curve(real);
  $('[data-do=undo]').setAttribute('aria-disabled', !real.length);
  $('[data-do=accept]').setAttribute('aria-disabled', !found.kept.length);
}
function curve(real) {
  const [left, top, width, height] = [34, 8, 276, 160], x = (recall) => left + width * recall, y = (precision) => top + height * (1 - precision);
  const axes = `<path class="cn-axis" d="M${left} ${top}V${top + height}H${left + width}"/>` + [0, 0.5, 1].map((tick) => `<text x="${x(tick)}" y="${top + height + 15}" text-anchor="middle">${tick}</text><text x="${left - 6}" y="${y(tick) + 4}" text-anchor="end">${tick}</text>`).join('')
    + `<text x="${left + width}" y="${top + height + 29}" text-anchor="end">recall</text><text x="${left + 6}" y="${top + 12}">precision</text>`;
  const all = real.length ? Boxes.matched(boxes(), real, HIT) : [], points = Boxes.curve(all, real.length);
  const now = all.filter(({ score }) => score >= found.settings.score).length - 1;
  const dot = points[now] ? `<circle cx="${x(points[now].recall)}" cy="${y(points[now].precision)}" r="5"/><text x="${Math.min(x(points[now].recall) + 9, 236)}" y="${Math.min(y(points[now].precision) + 18, 160)}">score ${found.settings.score.toFixed(2)}</text>` : '';
  $('.cn-curve').innerHTML = axes + (points.length ? `<polyline points="${ClassicNets.points(points.map(({ precision, recall }) => [x(recall), y(precision)]))}"/>` : '') + dot;
}

// --- drawing -------------------------------------------------------------------------------------------------------
function place(event) {
  const [x, y] = ClassicNets.within(scene, event).map((part) => Math.min(1, Math.max(0, part)));
  return [x * found.seen.width, y * found.seen.height];
}
ClassicNets.drag(scene, {
  begin(event) {
    if (!found) return false;
    start = place(event);
  },
  move(event) {
    const [x, y] = place(event);
    draft = { kind: +select.value, box: [Math.min(x, start[0]), Math.min(y, start[1]), Math.max(x, start[0]), Math.max(y, start[1])] };
    show();
  },
  end() {
    const done = draft;
    draft = null;
    if (done && Math.min(done.box[2] - done.box[0], done.box[3] - done.box[1]) >= 3) put([...truths(), done]);
    else show();
  },
});
scene.addEventListener('pointercancel', () => { draft = null; });
const actions = { undo: () => put(truths().slice(0, -1)), clear: () => put([]), accept: () => put(found.kept.slice(0, props.most).map(plain)) };
element.addEventListener('click', (event) => { if (found) actions[event.target.closest('button')?.dataset.do]?.(); });

// --- beginning -----------------------------------------------------------------------------------------------------
let listed = '';
function list() {
  if (listed === found.seen.classes.join()) return;
  listed = found.seen.classes.join();
  select.innerHTML = found.seen.classes.map((name, kind) => `<option value="${kind}">${name}</option>`).join('');
}
/** The true boxes of another picture, or of other classes, are of no use here. */
function turn() {
  const { seen } = found, now = seen.classes.join() + (seen.drawn || seen.image);
  if (drawnOn !== null && drawnOn !== now && truths().length) put([]);
  drawnOn = now;
}
const hear = (change) => { if (change.found) { found = change.found; turn(); list(); show(); } };
ClassicNets.attend(element, hear);
new ResizeObserver(show).observe(element); // a fold that opens shows what has changed meanwhile
watch('value', show);
