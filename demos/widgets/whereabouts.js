// Where in a photograph the face is. Its value is the place that is cropped: "detector", "map1", "map2" or "map3".
const $ = (selector) => element.querySelector(selector), every = (selector) => [...element.querySelectorAll(selector)];
const [scene, image, heat, svg] = ['.cn-crop-scene', 'img', 'canvas', 'svg'].map($), radios = every('[data-place]'), toggle = $('[data-do=map]');
const MARK = 0.12, SMALL = 0.018, LARGE = 0.03; // the mark's size as a part of the crop's upper edge; its limits, of the picture's longer side
let seen = {}, mapped = false, said = ''; // what is shown, whether with the face map, and what is written under it

const chosen = () => (offered(props.value) ? props.value : 'detector');
const numbered = ({ name, distance }) => `<b>${name.at(-1)}</b> <span class="cn-num">${distance.toFixed(1)}</span>`;

/** Every box there is: the detector's, then the map's, the nearest to face space first. */
const boxes = () => [{ name: 'detector', box: seen.detector }, ...(seen.places ?? [])].filter(({ box }) => box);
const area = ({ box }) => ClassicBoxes.area(box);

// --- painting ------------------------------------------------------------------------------------------------------
const path = (kind, d, name = '') => `<path class="cn-crop-casing" d="${d}"/><path class="cn-crop-${kind}" d="${d}" data-box="${name}"/>`;

const polygon = (points) => `M${points.map((point) => point.map((part) => part.toFixed(1)).join(' ')).join('L')}Z`;

/** The crop's outline, and inside it a mark that points to its upper edge. */
function crop([[ax, ay], [bx, by], ...others]) {
  const edge = Math.hypot(bx - ax, by - ay) || 1, [x, y] = [(bx - ax) / edge, (by - ay) / edge], longer = Math.max(seen.width, seen.height);
  const size = Math.min(LARGE * longer, Math.max(SMALL * longer, MARK * edge));
  const inside = (right, down) => [(ax + bx) / 2 + size * (right * x - down * y), (ay + by) / 2 + size * (right * y + down * x)];
  const outline = polygon([[ax, ay], [bx, by], ...others]), up = polygon([inside(0, 0), inside(0.7, 1), inside(-0.7, 1)]);
  return `<path class="cn-crop-ground" d="${outline}${up}"/><path class="cn-crop-line" d="${outline}"/><path class="cn-crop-up" d="${up}"/>`;
}

/** A label at a corner of a box, where it has room: the map's above, the detector's below. */
function flag({ name, box: [left, top, right, bottom] }, text) {
  const under = name === 'detector', x = (100 * left) / seen.width, y = (100 * (under ? bottom : top)) / seen.height, leftward = x > 75;
  const kinds = [under ? y < 92 : y < 8, leftward].map((is, i) => (is ? ['cn-below', 'cn-leftward'][i] : '')).join(' ');
  const across = leftward ? (100 * right) / seen.width : x;
  return `<span class="cn-flag ${kinds}" style="left:${Math.min(100, Math.max(0, across))}%;top:${Math.min(100, Math.max(0, y))}%">${text}</span>`;
}

function paint() {
  const kind = (name) => (name === 'detector' ? 'detector' : 'place');
  svg.setAttribute('viewBox', `0 0 ${seen.width} ${seen.height}`);
  const drawn = boxes().sort((one, other) => area(other) - area(one)).map(({ name, box }) => path(kind(name), ClassicBoxes.outline(box), name));
  const { face } = ClassicNets.known(element);
  svg.innerHTML = drawn.join('') + (face?.crop ? crop(face.crop) : '');
  $('.cn-flags').innerHTML = boxes().map((place) => flag(place, place.name === 'detector' ? place.name : numbered(place))).join('');
}

function warm() {
  heat.hidden = !mapped || !seen.heat;
  if (!seen.heat) return;
  ClassicNets.paintHeat(heat, Array.from(ClassicNets.bytes(seen.heat), (level) => level / 255), seen.heat_width);
}

function say() {
  const all = (seen.places ?? []).map(numbered).join(', ');
  const map = all && `Distance from face space: ${all}; the smaller, the more like a face.`;
  const middle = seen.photograph && !seen.detector && chosen() === 'detector';
  const text = middle ? 'The detector found no face: the middle of the picture is taken.' : map;
  if (text + seen.caption === said) return; // a screen reader reads what is written
  said = text + seen.caption;
  $('.cn-crop-said').innerHTML = text;
  $('.cn-crop-said').append(seen.caption ? ` ${seen.caption}` : '');
}

// --- choosing ------------------------------------------------------------------------------------------------------
function choose(name) {
  if (name !== chosen()) { props.value = name; trigger('input'); }
  mark();
}

// Without a find of its own the detector's place is the middle of the picture, and can be chosen like the others.
const offered = (name) => Boolean(seen.photograph) && (name === 'detector' || boxes().some((place) => place.name === name));

function mark() {
  const open = radios.filter((button) => offered(button.dataset.place)), reached = open.find((button) => button.dataset.place === chosen()) ?? open[0];
  for (const button of radios) {
    button.disabled = !open.includes(button);
    button.setAttribute('aria-checked', !button.disabled && button.dataset.place === chosen());
    button.tabIndex = button === reached ? 0 : -1;
  }
  radios[0].firstChild.textContent = seen.photograph && !seen.detector ? 'Middle' : 'Detector';
  say();
  toggle.disabled = !seen.heat;
  toggle.setAttribute('aria-pressed', mapped && Boolean(seen.heat));
}

element.addEventListener('click', (event) => {
  const name = event.target.closest('[data-place]')?.dataset.place ?? event.target.dataset.box;
  if (name) choose(name);
  if (event.target.closest('[data-do=map]')) { mapped = !mapped; heat.hidden = !mapped; mark(); }
});
ClassicNets.arrows($('[role=radiogroup]'), (right, down, { target }) => {
  const open = radios.filter((button) => !button.disabled);
  if (!open.length) return false;
  const next = open.at((open.indexOf(target) + right + down) % open.length);
  choose(next.dataset.place);
  next.focus();
});

// --- what is seen --------------------------------------------------------------------------------------------------
let turn = 0;
async function show() {
  const told = props.seen ?? {}, mine = ++turn;
  if (told.photograph) {
    const next = Object.assign(new Image(), { src: told.image });
    await next.decode().catch(() => {});
    if (mine !== turn) return; // another has come meanwhile
    image.src = told.image;
    image.alt = told.caption || 'The photograph';
    scene.style.setProperty('--aspect', told.width / told.height);
  }
  seen = told;
  scene.hidden = !seen.photograph;
  $('.cn-waiting').hidden = seen.photograph !== false;
  if (seen.photograph) paint();
  warm();
  mark();
}
watch('value', mark);
ClassicNets.heed(element, ({ face }) => { if (face && seen.photograph) paint(); }); // the face tells what was cropped
watch('seen', show);
show();
