// Run, stop, dream on, and how far it has come. Its value is what to do next, and from which picture.
const $ = (selector) => element.querySelector(selector);
const [go, stop, on, zoom] = ['run', 'stop', 'on', 'zoom'].map((name) => $(`[data-do=${name}]`)), told = $('.cn-cap');
let running = false, dreamed = null; // the picture as it stands

function allow() {
  go.disabled = zoom.disabled = running;
  stop.disabled = !running;
  on.disabled = running || !dreamed;
}
function say(sentence) { told.textContent = sentence; }

function start(mode) {
  running = true;
  allow();
  say('Waiting for the net\u2026');
  props.value = { mode, begun: mode === 'on' ? dreamed : null };
  trigger('submit');
}

function idle() {
  running = false;
  allow();
  ClassicNets.share(element, { running });
}

element.addEventListener('click', (event) => {
  const action = event.target.dataset.do;
  if (action === 'stop') { trigger('stop'); idle(); say(`${told.textContent.split('.')[0]}, stopped. The picture stays as it is.`); }
  else if (action) start(action);
});

ClassicNets.heed(element, ({ frame, begun }) => {
  if (begun) { dreamed = null; allow(); say(''); }
  if (!frame) return;
  if (frame.failed) { if (running) { say(''); idle(); } return; } // a run that was stopped has failed, too
  running = !frame.last;
  dreamed = frame.image;
  const seconds = frame.milliseconds / 1000, left = (seconds * (1 - frame.done)) / frame.done, rate = frame.made / seconds;
  const turn = frame.turns > 1 ? `Frame ${frame.turn} of ${frame.turns}, octave` : 'Octave';
  const place = `${turn} ${frame.octave} of ${frame.octaves}, step ${frame.step} / ${frame.steps}.`;
  say(frame.last ? `${frame.made} steps in ${seconds.toFixed(1)} s.` : `${place} ${rate.toFixed(rate < 10 ? 1 : 0)} steps/s, ${left < 1.5 ? 'a moment' : `${Math.round(left)} s`} left.`);
  allow();
});
watch('start', () => { if (props.start) start('run'); });
allow();
