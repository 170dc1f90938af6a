// Run, stop, go on, and how far it has come. Its value is what to do next, and from which picture.
const $ = (selector) => element.querySelector(selector);
const buttons = element.querySelectorAll('[data-do]'), stop = $('[data-do=stop]'), told = $('.cn-cap');
let running = false, working = false; // asked for; begun
let made = null, runs = 0; // the picture as it stands; how many runs were asked for

function allow() {
  buttons.forEach((button) => { button.disabled = running || (button.dataset.do === 'on' && !made); });
  stop.disabled = !running;
}
function say(sentence) { told.textContent = sentence; }

function start(mode) {
  [running, working] = [true, false];
  allow();
  say('Waiting for the net\u2026');
  runs += 1;
  ClassicNets.share(element, { run: runs });
  props.value = { begun: mode === 'on' ? made : null, zooms: mode === 'zoom', run: runs };
  trigger('submit');
}

function end(sentence) {
  running = false;
  allow();
  say(sentence);
}

element.addEventListener('click', (event) => {
  const action = event.target.dataset.do;
  if (action === 'stop') {
    trigger('stop');
    ClassicNets.share(element, { run: null }); // what still arrives is of no run
    say(`${working ? `${told.textContent.split('.')[0]}, stopped` : 'Stopped before it began'}. The picture stays as it is.`);
    stop.disabled = true;
    setTimeout(() => end(told.textContent), 500); // Gradio would stop a run that begins at once, too
  } else if (action) start(action);
});

function progress({ place, unit, done, made: count, milliseconds }) {
  const seconds = milliseconds / 1000, left = (seconds * (1 - done)) / done, rate = count / seconds;
  return `${place} ${rate.toFixed(rate < 10 ? 1 : 0)} ${unit}/s, ${left < 1.5 ? 'a moment' : `${Math.round(left)} s`} left.`;
}

ClassicNets.heed(element, ({ frame, begun, waiting }) => {
  if (waiting && running) say(waiting);
  if (begun) { made = null; allow(); if (!running) say(''); }
  if (!frame) return;
  if (frame.failed) { end(''); return; }
  [made, working] = [frame.image, true];
  if (!frame.last) { say(progress(frame)); return; }
  const early = frame.done < 1 ? ', as many as five minutes allow' : '';
  end(`${frame.made} ${frame.unit} in ${(frame.milliseconds / 1000).toFixed(1)} s${early}.`);
});
window.addEventListener('serverlost', () => {
  if (!running) return;
  ClassicNets.share(element, { run: null });
  end('The server went away. The picture stays as it is.');
});
watch('estimate', () => { if (!running) say(props.estimate); });
watch('start', () => { if (props.start) start('run'); });
allow();
