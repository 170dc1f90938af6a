// Suppression, blow by blow. Its value is how many have fallen, none for all of them.
const $ = (selector) => element.querySelector(selector);
const slider = $('input'), score = ClassicBoxes.mono;
let found = null, view = 'kept';

const most = () => found?.blows.length ?? 0;
const own = () => (Number.isInteger(props.value) ? props.value : null);
const now = () => Math.min(most(), own() ?? most());

function go(step) {
  const value = step >= most() ? null : Math.max(0, step);
  ClassicNets.share(element, { step: value, view: value === null ? 'kept' : 'above' });
}
slider.addEventListener('input', () => go(+slider.value));
$('.cn-blow-row').addEventListener('click', (event) => { const by = event.target.dataset.by; if (by) go((view === 'candidates' ? 0 : now()) + +by); });

const many = (count, thing) => `<span class="cn-num">${count}</span> ${thing}${count === 1 ? '' : 'es'}`;
const called = (place, value) => ClassicBoxes.called(found, place, value);

/** Why nothing is left. */
function nothing() {
  const { candidates, settings, seen } = found, surest = candidates.best.indexOf(Math.max(...candidates.best));
  return `No box reaches ${score(settings.score)}: the surest says ${seen.classes[candidates.kind(surest)]} with ${score(candidates.score(surest))}. Lower the threshold, or look at the candidates.`;
}

/** What happened in the last blow, or what is about to begin. */
function said() {
  const { overlap, classwise } = found.settings, blow = found.blows[now() - 1];
  if (!found.places.length) return nothing();
  if (!most()) return `No two boxes${classwise ? ' of one class' : ''} overlap by more than ${score(overlap)}: all ${many(found.places.length, 'box')} stay.`;
  if (!blow) return `${many(found.places.length, 'box')} in order of score. The best stays; what overlaps it too much goes. Press Next.`;
  const fate = blow.removed ? (blow.after ? `is weakened to ${score(blow.after)}, under the threshold, and goes` : 'goes') : `is weakened to ${score(blow.after)}`;
  return `Step <span class="cn-num">${now()}</span> of <span class="cn-num">${most()}</span>. ${called(blow.box, blow.before)} ${fate}: ${blow.removed ? 'suppressed' : 'struck'} by ${called(blow.by)}, ${ClassicBoxes.exceeded(found.settings, blow)}${classwise ? ' and claims the same class' : ''}.`;
}
function show() {
  if (!found) return;
  slider.max = Math.max(1, most());
  slider.disabled = !most();
  ClassicNets.put(slider, view === 'candidates' ? 0 : now());
  $('[data-by="-1"]').setAttribute('aria-disabled', !most() || now() === 0);
  $('[data-by="1"]').setAttribute('aria-disabled', !most() || (now() === most() && view !== 'candidates'));
  $('.cn-blow-said').innerHTML = view === 'candidates' ? `One look at the picture made all ${many(found.candidates.length, 'box')}, one a cell. Most cells say: nothing here.` : said();
}
const hear = (change) => {
  if (change.found) found = change.found;
  if (change.view) view = change.view;
  if ('step' in change && change.step !== own()) { props.value = change.step; trigger('input'); }
  if (change.found || change.view || 'step' in change) show();
};
watch('value', () => { ClassicNets.share(element, { step: own() }); });
ClassicNets.attend(element, hear);
