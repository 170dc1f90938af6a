// The recognition lab: how often the nearest known face is the same person's, by measure and k, and whose the current one is. No value.
const $ = (selector) => element.querySelector(selector), chart = $('svg');
const LEFT = 34, TOP = 22, BOTTOM = 226, HEIGHT = 270, TAGS = 112; // in sixteenths of a rem
const NONE = '\u2013', PATIENCE_MS = 100;
let lab = {}, k = 40, measure = null, dropped = false, shifted = false, face = null, width = 480, timer = 0;

const { between, escaped, say, sixteenths } = ClassicNets;
const real = (number) => typeof number === 'number';
const ready = () => lab.ks?.length > 0;
const chosen = () => (lab.measures?.[measure] ? measure : Object.keys(lab.measures ?? {})[0]);
const pixels = () => lab.pixels[+shifted];
const kind = (first) => (first ? `first ${lab.dropped[1]} dropped` : 'none dropped');

// --- the chart -----------------------------------------------------------------------------------------------------
const across = (place) => LEFT + ((width - TAGS - LEFT) * place) / (lab.ks.length - 1); // the ks stand evenly
const up = (percent) => BOTTOM - ((BOTTOM - TOP) * percent) / 100;

/** All curves, the chosen one last: the other measures, and the chosen one with and without the first eigenfaces. */
function curves() {
  const now = chosen(), all = lab.measures, first = +dropped, row = (name, at) => all[name].percent[+shifted][at];
  const others = Object.keys(all).filter((name) => name !== now).map((name) => ({ row: row(name, first), name: all[name].title, style: 'other' }));
  const twin = { row: row(now, 1 - first), name: kind(1 - first), style: 'twin' };
  return [...others, twin, { row: row(now, first), name: all[now].title, style: 'first' }];
}

/** Names at the right ends of their lines, moved apart where they would touch. */
function tags(list) {
  const room = 14, sorted = list.filter(({ end }) => real(end)).map((tag) => ({ ...tag, y: up(tag.end) })).sort((a, b) => a.y - b.y);
  sorted.forEach((tag, i) => { tag.y = Math.max(tag.y, i ? sorted[i - 1].y + room : TOP); });
  sorted.reverse().forEach((tag, i) => { tag.y = Math.min(tag.y, i ? sorted[i - 1].y - room : BOTTOM - 4); });
  const x = width - TAGS;
  return sorted.map(({ end, y, name, style }) => `<path class="cn-rates-lead" d="M${x + 2} ${up(end)}L${x + 10} ${y}"/>
    <text class="cn-rates-name cn-rates-${style}" x="${x + 13}" y="${y + 4}">${escaped(name)}</text>`).join('');
}

function axes() {
  const right = width - TAGS, { ks } = lab;
  let last = -Infinity;
  const ticks = ks.map((tick, i) => {
    if (across(i) - last < 25) return '';
    last = across(i);
    return `<text x="${last}" y="${BOTTOM + 16}" text-anchor="middle">${tick}</text>`;
  });
  return `<path class="cn-axis" d="M${LEFT} ${TOP}V${BOTTOM}H${right}"/>${ticks.join('')}
    ${[0, 20, 40, 60, 80, 100].map((tick) => `<text x="${LEFT - 6}" y="${up(tick) + 4}" text-anchor="end">${tick}</text>`).join('')}
    <text class="cn-rates-name" x="${LEFT - 6}" y="10">\u2191 percent recognised</text>
    <text class="cn-rates-name" x="${right}" y="${BOTTOM + 33}" text-anchor="end">k, eigenfaces \u2192</text>`;
}

/** Lines to compare with, under the curves, and the names of the published ones, over them: the last where no curve comes. */
function references() {
  const right = width - TAGS, line = (style, percent) => `<path class="cn-rates-${style}" d="M${LEFT} ${up(percent)}H${right}"/>`;
  const place = [`x="${LEFT + 5}" y="${up(96) - 3}"`, `x="${LEFT + 5}" y="${up(85) + 12}"`, `x="${right}" y="${up(64) + 12}" text-anchor="end"`];
  const names = Object.entries(lab.published).map(([name, percent], i) => `<text class="cn-rates-name" ${place[i]}>${i ? '' : 'published, other data: '}${name} ${percent}</text>`);
  const published = Object.values(lab.published).map((percent) => line('published', percent)).join('');
  return [published + line('pixels', pixels()), names.join('')];
}

function draw() {
  width = sixteenths(chart) || width;
  chart.setAttribute('viewBox', `0 0 ${width} ${HEIGHT}`);
  if (!ready()) return;
  const all = curves(), [lines, names] = references(), ends = all.map(({ row, ...rest }) => ({ ...rest, end: row.findLast(real) }));
  const place = ClassicNets.among(lab.ks, k), x = across(place), percent = between(all.at(-1).row, place), left = x > (LEFT + width - TAGS) / 2;
  const line = (row) => row.map((value, i) => (real(value) ? `${across(i).toFixed(1)},${up(value).toFixed(1)}` : '')).join(' ');
  const whole = { end: pixels(), name: `pixels alone ${pixels()}`, style: 'pixel' };
  const beside = (y, words) => `<text class="cn-rates-at" x="${left ? x - 8 : x + 8}" y="${y}" text-anchor="${left ? 'end' : 'start'}">${words}</text>`;
  const missing = k > lab.dropped[1] ? 'not measured' : `needs k > ${lab.dropped[1]}`;
  chart.innerHTML = `${axes()}${lines}${all.map(({ row, style }) => `<polyline class="cn-rates-${style}" points="${line(row)}"/>`).join('')}
    ${names}${tags([...ends, whole])}<path class="cn-rates-now" d="M${x} ${percent === null ? TOP : up(percent)}V${BOTTOM}"/>
    ${percent === null ? '' : `<circle class="cn-rates-dot" cx="${x}" cy="${up(percent)}" r="5.5"/>`}
    ${beside(BOTTOM - 24, percent === null ? missing : `${percent.toFixed(1)} %`)}${beside(BOTTOM - 9, `k = ${k}`)}`;
  describe(all, percent, place);
}

function describe(all, percent, place) {
  const now = lab.measures[chosen()].title, told = (value) => (real(value) ? `${value.toFixed(1)} percent` : 'nothing');
  const others = all.slice(0, -1).map(({ row, name }) => `${name} ${told(between(row, place))}`).join(', ');
  chart.setAttribute('aria-label', `Recognition rate by number of eigenfaces. With ${k}: ${now}, ${kind(+dropped)}, ${told(percent)}; ${others}. `
    + `Whole pixels without eigenfaces ${told(pixels())}. Published, on other data: ${Object.entries(lab.published).map((pair) => pair.join(' ')).join(', ')} percent.`);
  say($('h2 span'), `${kind(+dropped)}, ${lab.splits} splits`);
  say($('.cn-rates-chosen'), lab.chosen ?? '');
}

// --- whose face it is ----------------------------------------------------------------------------------------------
const [own, found] = element.querySelectorAll('.cn-rates-pair figure');
const VERDICTS = { true: 'The same person', false: 'Another person', null: 'None of the forty: nobody to compare' };

function hang(figure, { picture, title } = {}, lead) {
  ClassicNets.paint(figure.querySelector('canvas'), picture);
  figure.querySelector('canvas').setAttribute('aria-label', title || 'No picture yet');
  figure.querySelector('figcaption').innerHTML = `<b>${lead}</b> ${escaped(title ?? '')}`;
}

function judge(answer, why = face ? '' : 'No face yet.') {
  const figure = (value) => (value >= 1000 ? value.toFixed(0) : value.toPrecision(3));
  const next = answer?.runner_up, unit = answer?.unit ? ` ${answer.unit}` : '', away = answer?.unit ? ' away' : ' by 1 − cosine';
  hang(found, answer ?? {}, 'Nearest');
  say($('.cn-rates-pair p b'), answer ? `${VERDICTS[answer.same ?? null]}.` : NONE);
  const then = next ? `; then ${next.title}, ${figure(next.distance)}` : '';
  say($('.cn-rates-pair p span'), answer ? `${answer.title} is nearest, ${figure(answer.distance)}${unit}${away}${then}.` : why);
}

const recognise = ClassicNets.latest(async () => {
  if (!face?.weights?.length || !ready()) return;
  if (dropped && k <= lab.dropped[1]) { judge(null, `The first ${lab.dropped[1]} are left out: there are no weights to compare.`); return; }
  judge(await ClassicNets.ask(element, server.recognise, { weights: face.weights, number: face.number, k, measure: chosen(), dropped, shifted }));
});
function soon() {
  clearTimeout(timer);
  timer = setTimeout(recognise, PATIENCE_MS);
}

// --- hearing -------------------------------------------------------------------------------------------------------
function hear(change) {
  if (!['k', 'measure', 'dropped', 'shifted', 'face'].some((name) => name in change)) return;
  k = Math.round(change.k ?? k);
  measure = change.measure ?? measure;
  dropped = Boolean(change.dropped ?? dropped);
  shifted = Boolean(change.shifted ?? shifted);
  if ('face' in change) { face = change.face || null; hang(own, face ?? {}, 'This face'); }
  if (!face?.weights?.length) judge(null);
  draw();
  soon();
}
function learn() { lab = JSON.parse(props.lab || '{}'); draw(); soon(); }
watch('lab', learn);
new ResizeObserver(draw).observe(chart);
hang(own, {}, 'This face');
judge(null);
ClassicNets.attend(element, hear);
learn();
