// How much of all that differs between faces the first k eigenfaces keep. The value is k; it can be played from 1 to all.
const $ = (selector) => element.querySelector(selector);
const slider = $('.cn-slide'), curve = $('.cn-curve'), button = $('[data-do=play]');
const [left, top, bottom, height, end] = [34, 10, 128, 150, 200]; // the axis ends where the published figures do
let right = 452, variance = [];
const across = (count) => left + ((right - left) * count) / end, up = (percent) => bottom - ((bottom - top) * percent) / 100;

// --- showing -------------------------------------------------------------------------------------------------------
function build() {
  variance = JSON.parse(props.variance || '[]');
  if (!variance.length) return;
  const width = ClassicNets.sixteenths(curve) || 460;
  right = width - 8;
  curve.setAttribute('viewBox', `0 0 ${width} ${height}`);
  const marks = props.published.map(([count, percent]) => `<path class="cn-cross" d="M${across(count) - 4} ${up(percent)}h8M${across(count)} ${up(percent) - 4}v8"/>`);
  curve.innerHTML = `${[0, 50, 100].map((percent) => `<path class="cn-grid" d="M${left} ${up(percent)}H${right}"/><text x="${left - 6}" y="${up(percent) + 4}" text-anchor="end">${percent}</text>`).join('')}
    ${[1, 50, 100, 150, 200].map((count) => `<text x="${across(count)}" y="${bottom + 17}" text-anchor="${count === 200 ? 'end' : 'middle'}">${count}</text>`).join('')}
    <polyline points="${ClassicNets.points(variance.map((percent, i) => [across(i + 1), up(percent)]))}"/>
    ${marks.join('')}
    <path class="cn-now"/><circle class="cn-point" r="5"/>`;
  show();
}

function show() {
  const k = +props.value, kept = variance[k - 1];
  ClassicNets.put(slider, k);
  ClassicNets.share(element, { k });
  if (kept === undefined) return;
  $('.cn-kept').textContent = `${kept.toFixed(1)} %`;
  $('.cn-k').textContent = k;
  curve.querySelector('.cn-now').setAttribute('d', `M${across(k)} ${bottom}V${up(kept)}`);
  Object.entries({ cx: across(k), cy: up(kept) }).forEach(([name, place]) => curve.querySelector('.cn-point').setAttribute(name, place));
  curve.setAttribute('aria-label', `${k} eigenfaces keep ${kept.toFixed(1)} percent of the variance`);
}

// --- moving --------------------------------------------------------------------------------------------------------
const choose = (k) => { props.value = k; trigger('input'); show(); };
slider.addEventListener('input', () => { stop(); choose(+slider.value); });

const FRAME_MS = 90;
let timer = 0;
function stop() { clearInterval(timer); timer = 0; button.textContent = 'Play'; }
function step() {
  const k = +props.value;
  if (k >= props.most || !element.offsetParent) { stop(); return; }
  choose(Math.min(props.most, k + 1 + Math.floor(k / 25)));
}
button.addEventListener('click', () => {
  if (timer) { stop(); return; }
  choose(1);
  button.textContent = 'Stop';
  timer = setInterval(step, FRAME_MS);
});

watch('value', show);
watch('variance', build);
new ResizeObserver(build).observe(curve);
build();
show();
