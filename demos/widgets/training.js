// What one category made at ten moments of training, all ten at the chosen one, and L_I all along. Its value is that moment.
const $ = (selector) => element.querySelector(selector);
const slider = $('.cn-slide'), curve = $('.cn-curve');
const sheet = new Image(); // a column of samples for each digit, rows in order of the moments
let digit = null, moments = [];

const choose = (moment) => { props.value = moment; trigger('input'); show(); };
slider.addEventListener('input', () => choose(+slider.value));

// The moments stand side by side, and time runs evenly between two of them: the beginning gets room.
const [width, height, top, bottom] = [700, 118, 10, 92];
const centre = (moment) => ((moment + 0.5) * width) / moments.length;
const up = (nats) => bottom - (bottom - top) * Math.max(0, nats) / props.progress.entropy;
const across = (step) => centre(ClassicNets.among(props.progress.steps, step));

function line(nats) {
  const total = props.progress.steps.at(-1);
  return ClassicNets.points(nats.map((value, i) => [across(((i + 0.5) * total) / nats.length), up(value)]));
}

function build() {
  const { steps, nats, twin_nats, samples } = props.progress;
  if (!steps) return;
  slider.max = steps.length - 1;
  moments = steps.map((step, moment) => {
    const thumb = ClassicNets.make('button', { className: 'cn-moment', ariaLabel: `After ${step} steps` });
    thumb.innerHTML = `<canvas class="cn-pix" width="28" height="28"></canvas><span class="cn-num">${step < 1000 ? step : `${(step / 1000).toFixed(1)}k`}</span>`;
    thumb.addEventListener('click', () => choose(moment));
    return thumb;
  });
  $('.cn-strip').replaceChildren(...moments);
  const [first, last] = [centre(0), centre(steps.length - 1)], end = up(twin_nats.at(-1));
  const bound = 'L<tspan dy="3" font-size=".8em">I</tspan><tspan dy="-3">\u200a</tspan>';
  curve.setAttribute('viewBox', `0 0 ${width} ${height}`);
  curve.innerHTML = `<path class="cn-axis" d="M${first} ${bottom}H${last}"/><path class="cn-grid" d="M${first} ${top}H${last}"/>
    <text x="${first - 4}" y="${top + 4}" text-anchor="end">2.30</text><text x="${first - 4}" y="${bottom + 4}" text-anchor="end">0</text>
    <polyline class="cn-twin" points="${line(twin_nats)}"/><polyline points="${line(nats)}"/><path class="cn-now"/>
    <circle cx="${last}" cy="${up(nats.at(-1))}" r="4"/><circle cx="${last}" cy="${end}" r="4"/>
    <text x="${last - 8}" y="${top + 20}" text-anchor="end">${bound} ${nats.at(-1).toFixed(2)} at \u03bb = 1</text><text x="${last - 8}" y="${Math.max(top + 36, end - 10)}" text-anchor="end">${twin_nats.at(-1).toFixed(2)} at \u03bb = 0, the twin</text>
    <text x="${first}" y="${bottom + 18}">in nats; ln 10 = 2.30 would be everything</text>`;
  sheet.onload = show;
  sheet.src = samples;
}

function show() {
  if (!moments.length || !sheet.complete || digit === null) return;
  const { steps, rows, nats, twin_nats } = props.progress, step = steps[props.value];
  moments.forEach((thumb, moment) => {
    thumb.setAttribute('aria-pressed', moment === props.value);
    thumb.querySelector('canvas').getContext('2d').drawImage(sheet, 28 * digit, 28 * rows * moment, 28, 28, 0, 0, 28, 28);
  });
  const all = $('.cn-all');
  all.width = sheet.width;
  all.height = 28 * rows;
  all.getContext('2d').drawImage(sheet, 0, 28 * rows * props.value, sheet.width, 28 * rows, 0, 0, sheet.width, 28 * rows);
  ClassicNets.put(slider, props.value);
  slider.setAttribute('aria-valuetext', `after ${step} steps`);
  curve.querySelector('.cn-now').setAttribute('d', `M${centre(props.value)} ${top}V${bottom}`);
  const stretch = Math.min(nats.length - 1, Math.floor((step * nats.length) / steps.at(-1)));
  $('.cn-when').innerHTML = `after <b class="cn-num">${step}</b> of ${steps.at(-1)} steps${step ? `, L<sub>I</sub> <b class="cn-num">${nats[stretch].toFixed(2)}</b>, twin ${twin_nats[stretch].toFixed(2)}` : ''}`;
}

ClassicNets.heed(element, (change) => {
  const next = change.shown?.codes.digit ?? change.digit ?? digit;
  if (next !== digit) { digit = next; show(); }
});
watch('start', () => {
  digit = props.start.codes.digit;
  build();
  // A link to a moment means this section, which may lie below the fold.
  if (props.value < moments.length - 1) element.scrollIntoView({ block: 'center' });
});
watch('value', show);
