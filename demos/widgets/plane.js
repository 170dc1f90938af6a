// The face-space plane of Turk and Pentland: a known face, a new one, or none. Its value is [near, from], the limits of the
// distance to the nearest known face and of the distance from face space, in grey levels a pixel.
const $ = (selector) => element.querySelector(selector);
const STEP = 0.5, BEFORE = 6; // what a key moves a limit by, how many faces are remembered
const LEFT = 34, TOP = 20, BOTTOM = 214, HEIGHT = 250, EDGE = 8; // in sixteenths of a rem
const REGIONS = { known: 'known', new: 'a new face', near: 'not a face, though near a known one', none: 'not a face' };
// Each kind of picture: which regions it is counted in, what these are called together, and its mark.
const KINDS = [
  { name: 'known', title: 'known person, unseen picture', inside: ['known'], word: 'known', mark: (x, y) => `M${x - 4} ${y}a4 4 0 1 0 8 0a4 4 0 1 0-8 0` },
  { name: 'new', title: 'a new person', inside: ['new'], word: 'new', mark: (x, y) => `M${x} ${y - 5}l4.5 8h-9z` },
  { name: 'unaligned', title: 'a face, not aligned', inside: ['near', 'none'], word: 'not a face', mark: (x, y) => `M${x} ${y - 5}l4.5 5l-4.5 5l-4.5-5z` },
  { name: 'other', title: 'not a face', inside: ['near', 'none'], word: 'not a face', mark: (x, y) => `M${x - 4} ${y - 4}l8 8m0-8l-8 8` },
];
const field = $('.cn-plane-field'), chart = $('svg'), grips = [$('.cn-plane-near'), $('.cn-plane-from')];
let dots = {}, k = 40, face = null, before = []; // before: the faces seen earlier, the last one first
let most = [props.most, props.most], width = 480; // most: where the axes end

const { escaped, say, sixteenths } = ClassicNets;
const kept = (value, i) => Math.min(props.most, most[i], Math.max(0, Math.round(value / STEP) * STEP));
const limits = () => (props.value?.length === 2 ? props.value.map(Number) : props.begun);

// --- figures -------------------------------------------------------------------------------------------------------
const region = ([near, from]) => (from > limits()[1] ? (near > limits()[0] ? 'none' : 'near') : near > limits()[0] ? 'new' : 'known');
const where = ({ near, from } = {}) => (near?.length && from?.length ? [near[k - 1], from[k - 1]] : null);

/** A row of figures, one for each of the measured ks, read at the current one. */
const read = (row) => ClassicNets.between(row, ClassicNets.among(dots.ks, k));

/** Each kind of picture with its places [near, from] at the current k. */
const placed = () => KINDS.map((kind) => {
  const given = dots.kinds?.find(({ name }) => name === kind.name);
  return { ...kind, places: (given?.near ?? []).map((row, i) => [read(row), read(given.from[i])]) };
});

/** How probably something that is no face lies farther from face space than a face does. */
function auc(kinds) {
  const all = (names) => kinds.filter(({ name }) => names.includes(name)).flatMap(({ places }) => places.map(([, from]) => from));
  const faces = all(['known', 'new']), others = all(['other']);
  const won = others.reduce((sum, other) => sum + faces.reduce((part, from) => part + (other > from ? 1 : other === from ? 0.5 : 0), 0), 0);
  return faces.length && others.length ? (won / faces.length / others.length).toFixed(2) : '\u2013';
}

/** Axes that hold nearly all dots at every k, so that they can stay. */
function fit() {
  most = ['near', 'from'].map((side, i) => {
    const all = (dots.kinds ?? []).flatMap((kind) => kind[side].flat()).sort((a, b) => a - b);
    return all.length ? Math.max(10 * Math.ceil(all[Math.floor(0.98 * (all.length - 1))] / 10), Math.ceil(1.25 * props.begun[i])) : props.most;
  });
}

// --- drawing -------------------------------------------------------------------------------------------------------
// Square roots give the near distances room.
const root = (value, i) => Math.sqrt(Math.min(1, Math.max(0, value / most[i])));
const across = (near) => LEFT + (width - EDGE - LEFT) * root(near, 0);
const up = (from) => BOTTOM - (BOTTOM - TOP) * root(from, 1);
const fixed = (number) => number.toFixed(1);
const marks = ({ mark, places }) => places.map(([near, from]) => mark(Math.round(10 * across(near)) / 10, Math.round(10 * up(from)) / 10)).join('');

function axes([near, from]) {
  const ticks = (place, room, at) => [0, 1, 5, 10, 20, 30, 40, 60, 80, 100, 150, 200].reduce((list, tick, _, all) => {
    const clear = Math.abs(place(tick) - place(at)) >= room && Math.abs(place(tick) - place(list.at(-1) ?? -1)) >= (list.length ? room : 0);
    return tick <= most[place === up ? 1 : 0] && clear ? [...list, tick] : list;
  }, []);
  const below = (value, kind, words) => `<text${kind} x="${across(value)}" y="${BOTTOM + 15}" text-anchor="middle">${words}</text>`;
  const beside = (value, kind, words) => `<text${kind} x="${LEFT - 6}" y="${up(value) + 4}" text-anchor="end">${words}</text>`;
  const at = ' class="cn-plane-at"';
  return `<path class="cn-axis" d="M${LEFT} ${TOP}V${BOTTOM}H${width - EDGE}"/>
    ${ticks(across, 26, near).map((tick) => below(tick, '', tick)).join('')}
    ${ticks(up, 15, from).map((tick) => beside(tick, '', tick)).join('')}${below(near, at, fixed(near))}${beside(from, at, fixed(from))}
    <text class="cn-plane-axis" x="${LEFT - 6}" y="11">\u2191 distance from face space</text>
    <text class="cn-plane-axis" x="${width - EDGE}" y="${BOTTOM + 31}" text-anchor="end">
      distance to the nearest known face${width > 430 ? ', within face space' : ''} \u2192</text>`;
}

/** The four regions are named in the corners; one too small for its name goes without. */
function names([near, from]) {
  const x = across(near), y = up(from), right = width - EDGE - 6;
  const name = (room, at, anchor, line, words) => (room ? `<text class="cn-plane-word" x="${at}" y="${line}" text-anchor="${anchor}">${words}</text>` : '');
  return name(x - LEFT > 56 && BOTTOM - y > 24, LEFT + 7, 'start', BOTTOM - 8, 'known')
    + name(right - x > 66 && BOTTOM - y > 24, right, 'end', BOTTOM - 8, 'new face')
    + name(x - LEFT > 108 && y - TOP > 40, LEFT + 7, 'start', TOP + 13, `not a face,<tspan x="${LEFT + 7}" dy="14">though near one</tspan>`)
    + name(right - x > 78 && y - TOP > 26, right, 'end', TOP + 13, 'not a face');
}

function faces() {
  const past = before.map((other, i) => {
    const [x, y] = [across(where(other)[0]), up(where(other)[1])];
    return `<g><title>${escaped(other.title)}</title><circle class="cn-plane-past" cx="${x}" cy="${y}" r="3.5"/>
      <text class="cn-plane-count" x="${x + 6}" y="${y - 4}">${i + 1}</text></g>`;
  }).reverse();
  const here = where(face ?? {});
  if (!here) return past.join('');
  const [x, y] = [across(here[0]), up(here[1])], left = x > (LEFT + width) / 2, title = face.title ?? '';
  const short = title.length > 26 ? `${title.slice(0, 25)}\u2026` : title;
  return `${past.join('')}<circle class="cn-plane-now" cx="${x}" cy="${y}" r="6"/>
    <text class="cn-plane-here" x="${left ? x - 10 : x + 10}" y="${Math.max(TOP + 9, y - 6)}" text-anchor="${left ? 'end' : 'start'}">${escaped(short)}</text>`;
}

function draw(kinds) {
  const [near, from] = limits();
  chart.setAttribute('viewBox', `0 0 ${width} ${HEIGHT}`);
  chart.innerHTML = axes([near, from])
    + kinds.map((kind) => `<path class="cn-plane-mark cn-plane-${kind.name}" d="${marks(kind)}"/>`).join('')
    + `<path class="cn-plane-limit" d="M${across(near)} ${TOP}V${BOTTOM}M${LEFT} ${up(from)}H${width - EDGE}"/>${names([near, from])}${faces()}`;
  const part = (length, whole) => `${(100 * length) / whole}%`;
  Object.assign(grips[0].style, { left: part(across(near), width), top: part(TOP, HEIGHT), height: part(BOTTOM - TOP, HEIGHT) });
  Object.assign(grips[1].style, { top: part(up(from), HEIGHT), left: part(LEFT, width), width: part(width - EDGE - LEFT, width) });
}

// --- telling -------------------------------------------------------------------------------------------------------
$('.cn-plane-key').innerHTML = KINDS.map(({ name, mark }) => `<span><svg viewBox="-7 -7 14 14" aria-hidden="true">
  <path class="cn-plane-mark cn-plane-${name}" d="${mark(0, 0)}"/></svg><span></span><span class="cn-num"></span></span>`).join('');
const rows = [...$('.cn-plane-key').children];

function tell(kinds) {
  const told = kinds.map(({ title, inside, word, places }, i) => {
    const count = places.filter((place) => inside.includes(region(place))).length, share = places.length ? Math.round((100 * count) / places.length) : '\u2013';
    say(rows[i].children[1], title);
    say(rows[i].children[2], `${share} % ${word}`);
    return `${title}: ${share} percent ${word}`;
  });
  say($('.cn-plane-auc'), auc(kinds));
  const here = where(face ?? {});
  say($('.cn-plane-said b'), here ? `${face.title ?? 'This face'}: ` : '');
  say($('.cn-plane-said span'), here ? `from face space ${fixed(here[1])}, nearest known ${fixed(here[0])}: ${REGIONS[region(here)]}.` : 'No face yet.');
  chart.setAttribute('aria-label', `Pictures by their two distances with ${k} eigenfaces. ${told.join(', ')}. ${$('.cn-plane-said').textContent}`);
}

function show() {
  const kinds = placed(), moved = limits().some((limit, i) => limit !== props.begun[i]);
  width = sixteenths(field) || width;
  draw(kinds);
  tell(kinds);
  limits().forEach((limit, i) => {
    grips[i].setAttribute('aria-valuemax', Math.min(props.most, most[i]));
    grips[i].setAttribute('aria-valuenow', limit);
    grips[i].setAttribute('aria-valuetext', `${fixed(limit)} grey levels`);
  });
  Object.assign($('[data-do=back]'), { disabled: !moved, title: `Back to ${props.begun.map(fixed).join(' and ')}` });
  $('[data-do=clear]').disabled = !before.length;
}

// --- moving --------------------------------------------------------------------------------------------------------
function move(i, value) {
  const now = limits();
  if (kept(value, i) === now[i]) return;
  props.value = now.with(i, kept(value, i));
  trigger('input');
  show();
}

/** The limit that the pointer is at, on its axis. */
function pointed(i, event) {
  const [x, y] = ClassicNets.within(field, event);
  const t = i ? (BOTTOM - HEIGHT * y) / (BOTTOM - TOP) : (width * x - LEFT) / (width - EDGE - LEFT);
  return most[i] * Math.min(1, Math.max(0, t)) ** 2;
}

grips.forEach((grip, i) => {
  ClassicNets.drag(grip, { move(event) { move(i, pointed(i, event)); } });
  grip.addEventListener('keydown', (event) => {
    const steps = { ArrowRight: STEP, ArrowUp: STEP, ArrowLeft: -STEP, ArrowDown: -STEP, PageUp: 5, PageDown: -5, Home: -props.most, End: props.most };
    const by = steps[event.key];
    if (!by) return;
    event.preventDefault();
    move(i, limits()[i] + by);
  });
});
$('[data-do=back]').addEventListener('click', () => { props.value = [...props.begun]; trigger('input'); show(); });
$('[data-do=clear]').addEventListener('click', () => { before = []; show(); });

// --- hearing -------------------------------------------------------------------------------------------------------
/** The same picture again, cut out otherwise, adds nothing to the trail. */
function meet(next) {
  if (face && where(face) && next?.of !== face.of) before = [face, ...before];
  before = before.filter(({ of }) => of !== next?.of).slice(0, BEFORE);
  face = next || null;
}
function hear(change) {
  if (!('k' in change || 'face' in change)) return;
  k = Math.round(change.k ?? k);
  if ('face' in change) meet(change.face);
  show();
}
watch('value', show);
function learn() { dots = JSON.parse(props.dots || '{}'); fit(); show(); }
watch('dots', learn);
new ResizeObserver(show).observe(field);
ClassicNets.attend(element, hear);
learn();
