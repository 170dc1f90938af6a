// A cover over the face, and three ways to fill it in. Its value is the mask: base64url text of 28 rows of 23 cells, one bit
// a cell in reading order; "" covers nothing.
const COLUMNS = 23, ROWS = 28, CELLS = ROWS * COLUMNS, BYTES = 81, CELL_PX = 4, WIDTH = COLUMNS * CELL_PX, PIXELS = CELLS * CELL_PX ** 2;
const BRUSH = 1.6, PATIENCE_MS = 120; // the brush's radius in cells; how long a changed k must rest
const SAID = {
  bare: 'Brush over the face, or choose a cover.',
  covered: 'Errors: grey levels under the cover. Outlined: what the third way took for covered.',
};
const $ = (selector) => element.querySelector(selector), every = (selector) => [...element.querySelectorAll(selector)];
const face = $('.cn-cover-face'), ways = every('[data-way]').map((canvas) => canvas.dataset.way);

let cells = new Uint8Array(8 * BYTES); // 1 where covered; the last four are of no cell
let cursor = [11, 9], erasing = false; // the column and row under the arrow keys
let told = { face: null, k: null, ink: null }; // by the tab

const encode = () => (cells.some(Boolean) ? ClassicNets.textOfBits(cells) : '');
const decode = (text) => (text ? ClassicNets.bitsOfText(text) : new Uint8Array(8 * BYTES));

// --- showing -------------------------------------------------------------------------------------------------------
let seed = 1991;
const grain = () => { seed = (Math.imul(seed, 1103515245) + 12345) >>> 0; return seed >>> 24; };
// What each cover is made of; the server's answers put its own greys in their places.
const inks = { black: new Uint8Array(PIXELS), white: new Uint8Array(PIXELS).fill(255), noise: Uint8Array.from({ length: PIXELS }, grain) };
const ink = () => (told.ink in inks ? told.ink : 'black');
const cellOf = Uint16Array.from({ length: PIXELS }, (_, i) => Math.floor(i / WIDTH / CELL_PX) * COLUMNS + Math.floor((i % WIDTH) / CELL_PX));

/** The edge of some cells, as a path of lines as long as they go. */
function outline(some) {
  const has = (x, y) => x >= 0 && x < COLUMNS && y >= 0 && y < ROWS && some[y * COLUMNS + x] === 1;
  const stretches = (length, edge, draw) => {
    let d = '', from = null;
    for (let i = 0; i <= length; i++) {
      const on = i < length && edge(i);
      if (on) from ??= i;
      else if (from !== null) { d += draw(from, i); from = null; }
    }
    return d;
  };
  const across = Array.from({ length: ROWS + 1 }, (_, y) => stretches(COLUMNS, (x) => has(x, y) !== has(x, y - 1), (left, right) => `M${left} ${y}H${right}`));
  const down = Array.from({ length: COLUMNS + 1 }, (_, x) => stretches(ROWS, (y) => has(x, y) !== has(x - 1, y), (top, bottom) => `M${x} ${top}V${bottom}`));
  return [...across, ...down].join('');
}
const trace = (svg, d) => svg.querySelectorAll('path').forEach((path) => path.setAttribute('d', d));

function show() {
  const levels = told.face?.picture ? ClassicNets.bytes(told.face.picture) : new Uint8Array(PIXELS), cover = inks[ink()], text = encode();
  levels.forEach((level, i) => { if (cells[cellOf[i]]) levels[i] = cover[i]; });
  ClassicNets.paint(face.querySelector('canvas'), btoa(String.fromCharCode(...levels)));
  const [x, y] = cursor, here = cells[y * COLUMNS + x] ? 'covered' : 'visible';
  trace(face.querySelector('svg'), `M${x} ${y}h1v1h-1z`);
  const keys = `Arrow keys move the brush, space ${erasing ? 'uncovers' : 'covers'}, with shift it uncovers`;
  face.setAttribute('aria-label', `${told.face?.title ?? 'The face'}. ${keys}. Now at row ${y + 1}, column ${x + 1}, ${here}.`);
  $('[data-covered]').textContent = Math.round((100 * cells.reduce((sum, cell) => sum + cell, 0)) / CELLS);
  $('.cn-cover-said').textContent = text ? SAID.covered : SAID.bare;
  $('[data-do=clear]').setAttribute('aria-disabled', !text);
  $('[data-do=erase]').setAttribute('aria-pressed', erasing);
  every('[data-ready]').forEach((button) => button.setAttribute('aria-pressed', text !== '' && props.ready[button.dataset.ready].mask === text));
}

function reveal(answer, asked) {
  const covered = ClassicNets.bytes(answer.covered), mask = decode(asked.mask);
  covered.forEach((level, i) => { if (mask[cellOf[i]]) inks[asked.ink][i] = level; });
  for (const way of ways) ClassicNets.paint($(`[data-way=${way}]`), answer[way]);
  trace($('.cn-cover-found'), outline(decode(answer.found)));
  const least = Math.min(...ways.map((way) => answer.errors[way] ?? Infinity));
  for (const way of ways) {
    const error = answer.errors[way] ?? null, place = $(`[data-error=${way}]`);
    place.textContent = error === null ? '–' : error.toFixed(1);
    place.classList.toggle('cn-cover-least', error !== null && error === least);
  }
  show();
}

// --- asking --------------------------------------------------------------------------------------------------------
let last = '', timer = 0; // what the last answer was to
const uncover = ClassicNets.latest(async () => {
  const asked = { picture: told.face?.picture, mask: encode(), ink: ink(), k: told.k }, text = JSON.stringify(asked);
  if (!asked.picture || !asked.k || text === last || !element.isConnected) return;
  const answer = await ClassicNets.ask(element, server.uncover, asked);
  if (!answer) return;
  last = text;
  reveal(answer, asked);
  ClassicNets.took(element, answer.milliseconds);
});

function hear(change) {
  const mine = Object.keys(told).filter((key) => key in change);
  if (!mine.length) return;
  for (const key of mine) told[key] = change[key] || null;
  told.k = told.k && +told.k;
  if (mine.some((key) => key !== 'k')) show();
  clearTimeout(timer);
  timer = setTimeout(uncover, mine.every((key) => key === 'k') ? PATIENCE_MS : 0);
}

// --- covering ------------------------------------------------------------------------------------------------------
function send() {
  const text = encode();
  show();
  if (text === (props.value || '')) return;
  props.value = text;
  trigger('input');
  uncover();
}
function replace(mask) { cells = decode(mask); drop(); send(); }

/** Cover, or uncover, what the brush passes on its way from one point to the next. */
const sweep = (from, to, wipes) => ClassicStrokes.under(from, to, BRUSH, COLUMNS, ROWS).forEach((cell) => { cells[cell] = wipes ? 0 : 1; });
const inside = ([x, y]) => [Math.min(COLUMNS - 1, Math.max(0, Math.floor(x))), Math.min(ROWS - 1, Math.max(0, Math.floor(y)))];

let from = null; // where the brush is
function brush(event) {
  const [x, y] = ClassicNets.within(face, event), to = [x * COLUMNS, y * ROWS];
  sweep(from ?? to, to, erasing || event.shiftKey);
  from = to;
  cursor = inside(to);
}

const drop = ClassicNets.drag(face, {
  begin(event) { from = null; brush(event); send(); },
  move(_, parts) { parts.forEach(brush); send(); },
});
ClassicNets.arrows(face, (right, down) => {
  cursor = inside([cursor[0] + right, cursor[1] + down]);
  send();
});
face.addEventListener('keydown', (event) => {
  if (event.key !== ' ') return;
  event.preventDefault();
  const middle = cursor.map((place) => place + 0.5);
  sweep(middle, middle, erasing || event.shiftKey);
  send();
});

element.addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (button?.dataset.ready) replace(button.getAttribute('aria-pressed') === 'true' ? '' : props.ready[button.dataset.ready].mask);
  if (button?.dataset.do === 'clear') replace('');
  if (button?.dataset.do === 'erase') { erasing = !erasing; show(); }
});

// --- beginning -----------------------------------------------------------------------------------------------------
function restore() {
  if ((props.value || '') === encode()) return;
  cells = decode(props.value);
  drop();
  show();
  uncover();
}
watch('value', restore);
for (const canvas of every('canvas')) ClassicNets.paint(canvas);
show();
restore();
ClassicNets.attend(element, hear);
