// The run in figures: the loss at every step, each layer's part of it, and the Gram matrices that draw near each other.
const $ = (selector) => element.querySelector(selector);
const [left, right, top, bottom] = [34, 306, 10, 128];
const { short } = ClassicNets;

// --- the curve -----------------------------------------------------------------------------------------------------
let limits = [0, 4]; // powers of ten, which only grow while a run goes on

function draw({ curve, steps }) {
  const seen = curve.flat().filter((value) => value > 0).map(Math.log10);
  limits = [Math.min(limits[0], Math.floor(Math.min(...seen))), Math.max(limits[1], Math.ceil(Math.max(...seen)))];
  const [low, high] = limits, stride = high - low > 5 ? 2 : 1;
  const across = (i) => left + ((right - left) * i) / Math.max(1, steps - 1);
  const up = (value) => bottom - ((bottom - top) * Math.max(0, Math.log10(Math.max(value, 1e-12)) - low)) / (high - low);
  const lines = [['cn-all', 0, 'all'], ['cn-part', 2, 'style'], ['cn-part cn-dashed', 1, 'content']].filter(([, i]) => curve.some((row) => row[i] > 0));
  const every = Math.ceil(curve.length / 300), kept = curve.map((row, i) => [i, row]).filter(([i]) => i % every === 0 || i === curve.length - 1);
  const last = curve.at(-1), x = across(curve.length - 1);
  const tags = lines.filter(([, , name]) => lines.length < 3 || name !== 'all').map(([, i, name]) => ({ y: up(last[i]) - 5, text: `${name} ${short(last[i])}` })).sort((a, b) => a.y - b.y);
  tags.forEach((tag, k) => { if (k && tag.y - tags[k - 1].y < 14) tag.y = tags[k - 1].y + 14; });
  const ticks = Array.from({ length: Math.floor((high - low) / stride) + 1 }, (_, k) => low + k * stride);
  $('.cn-loss').innerHTML = `${ticks.map((k) => `<path class="cn-grid" d="M${left} ${up(10 ** k)}H${right}"/><text x="${left - 6}" y="${up(10 ** k) + 4}" text-anchor="end">${ClassicNets.tenTo(k)}</text>`).join('')}
    <path class="cn-axis" d="M${left} ${top - 4}V${bottom}H${right}"/><text x="${left}" y="${bottom + 17}" text-anchor="middle">0</text><text x="${right}" y="${bottom + 17}" text-anchor="end">${steps} steps</text>
    ${lines.map(([kind, i]) => `<polyline class="${kind}" points="${ClassicNets.points(kept.map(([k, row]) => [across(k), up(row[i])]))}"/>`).join('')}
    <circle class="cn-point" cx="${x}" cy="${up(last[0])}" r="4.5"/>
    ${tags.map(({ y, text }) => `<text class="cn-told" x="${Math.min(x + 8, right)}" y="${Math.max(y, 8)}" text-anchor="${x > right - 90 ? 'end' : 'start'}">${text}</text>`).join('')}`;
}

// --- the terms -----------------------------------------------------------------------------------------------------
const rows = Object.fromEntries(['content', ...props.layers].map((name) => {
  const row = ClassicNets.make('div', { className: 'cn-term cn-out', innerHTML: `<span>${name}</span><i><b style="--p:0"></b></i><span class="cn-num">\u2013</span>` });
  $('.cn-terms > div').append(row);
  return [name, row];
}));
const SPAN = 4; // powers of ten that a bar shows
let run = null, most = {}; // the run that is shown, and the most that each term has been

function weigh(terms) {
  Object.entries(rows).forEach(([name, row]) => {
    const value = terms[name];
    most[name] = Math.max(most[name] ?? 0, value ?? 0);
    row.classList.toggle('cn-out', value === undefined);
    row.querySelector('b').style.setProperty('--p', value > 0 ? Math.max(0, 1 + Math.log10(value / most[name]) / SPAN) : 0);
    row.lastElementChild.textContent = value === undefined ? '\u2013' : short(value);
  });
}

// --- the Gram matrices -----------------------------------------------------------------------------------------------
const maps = element.querySelectorAll('.cn-pair canvas'), captions = element.querySelectorAll('.cn-pair figcaption');
let layer = props.layers[2], grams = {};

const paint = (canvas, base64, side) => ClassicNets.paintHeat(canvas, Array.from(ClassicNets.bytes(base64), (level) => level / 255), side);

function compare() {
  const gram = grams[layer];
  element.querySelectorAll('.cn-which button').forEach((button) => button.setAttribute('aria-checked', button.dataset.layer === layer));
  captions[0].textContent = gram ? `style, ${gram.side} channels` : 'style';
  captions[1].textContent = gram ? `picture, ${(100 * gram.distance).toFixed(gram.distance < 0.1 ? 1 : 0)} % off` : Object.keys(grams).length ? 'not followed' : 'picture';
  maps.forEach((map, i) => (gram ? paint(map, i ? gram.current : gram.target, gram.side) : map.getContext('2d').clearRect(0, 0, map.width, map.height)));
}

props.layers.forEach((name) => {
  const button = ClassicNets.make('button', { role: 'radio', textContent: name.replace('conv', ''), title: name });
  button.dataset.layer = name;
  button.addEventListener('click', () => { layer = name; compare(); });
  $('.cn-which').append(button);
});

ClassicNets.heed(element, ({ frame }) => {
  if (!frame?.terms) return;
  if (frame.run !== run) [run, most, limits] = [frame.run, {}, [0, 1]];
  draw(frame);
  weigh(frame.terms);
  grams = frame.grams;
  if (!grams[layer]) layer = Object.keys(grams).at(-1) ?? layer; // the deepest that is followed
  compare();
});
draw({ curve: [[1]], steps: 100 });
$('.cn-loss .cn-point').remove();
$('.cn-loss .cn-told').remove();
compare();
