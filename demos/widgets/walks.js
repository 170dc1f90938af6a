// Walks through the codes that loop in the page. Its value is the one that plays, or null.
const $ = (selector) => element.querySelector(selector);
const place = $('.cn-slide'), buttons = element.querySelectorAll('[data-play]');
let codes = null, frames = [], timer = 0; // codes: the visitor's own, null before the first answer

// --- playing -------------------------------------------------------------------------------------------------------
async function play(name) {
  if (!codes) return;
  pause();
  put(name);
  const answer = await ClassicNets.ask(element, server.walk, { ...codes, walk: name });
  if (props.value !== name) return;
  if (!answer) { stop(); return; }
  frames = answer.frames;
  place.max = frames.length - 1;
  $('.cn-reel').hidden = false;
  show(0);
  if (!matchMedia('(prefers-reduced-motion: reduce)').matches) run();
}

function run() {
  clearInterval(timer);
  // A walk in a tab that is not open waits.
  timer = setInterval(() => { if (place.offsetParent) show((+place.value + 1) % frames.length); }, 1000 / props.frames_per_second);
  running();
}

function pause() {
  clearInterval(timer);
  timer = 0;
  running();
}

/** End the walk, and show again what the visitor's own codes make. */
function stop() {
  pause();
  frames = [];
  $('.cn-reel').hidden = true;
  put(null);
  ClassicNets.share(element, { styles: codes.styles });
}

function put(name) {
  if (props.value !== name) { props.value = name; trigger('input'); }
  pressed();
}

place.addEventListener('input', () => { pause(); show(+place.value); });
element.addEventListener('click', (event) => {
  const { play: walk, film, do: action } = event.target.dataset;
  if (walk) walk === props.value ? stop() : play(walk);
  if (film) save(film);
  if (action === 'run') timer ? pause() : run();
});

async function save(kind) {
  const walk = props.value, answer = await ClassicNets.ask(element, server.film, { ...codes, walk, kind });
  if (answer) ClassicNets.save(answer.film, `infogan-${walk}.${kind}`);
}

// A hand on any code ends the walk there.
ClassicNets.heed(element, (change) => {
  const touched = ['digit', 'styles', 'noise'].filter((name) => name in change);
  if (!touched.length || !codes) return;
  touched.forEach((name) => { codes[name] = change[name]; });
  if (props.value) stop();
});

// --- showing -------------------------------------------------------------------------------------------------------
function show(i) {
  const seconds = (count) => (count / props.frames_per_second).toFixed(1);
  ClassicNets.put(place, i);
  place.setAttribute('aria-valuetext', `${seconds(i)} seconds`);
  $('.cn-reel .cn-num').textContent = `${seconds(i)} / ${seconds(frames.length)} s`;
  ClassicNets.share(element, { shown: { ...frames[i], walking: true } });
}
const pressed = () => buttons.forEach((button) => button.setAttribute('aria-pressed', button.dataset.play === props.value));
const running = () => { $('[data-do=run]').textContent = timer ? 'Pause' : 'Play'; };

watch('start', () => {
  codes = { ...props.start.codes };
  if (props.value) play(props.value);
});
pressed();
