// One candidate taken apart: its objectness, its classes, their products, and why it is alive or dead. Its value is the
// candidate's number, none for the best.
const $ = (selector) => element.querySelector(selector);
let found = null, pointed = null;
const own = () => (Number.isInteger(props.value) ? props.value : null);
const { mono } = ClassicBoxes, called = (place) => ClassicBoxes.called(found, place);
const name = (kind) => found.seen.classes[kind];

const bar = (text, chance, product, first) => `<span class="cn-part-name${first ? ' cn-best' : ''}">${text}</span><span class="cn-part" style="--alone:${100 * chance}%;--product:${100 * product}%"><i></i><b></b></span><span class="cn-num${first ? ' cn-best' : ''}">${product.toFixed(2)}</span>`;

/** Why a candidate is alive or dead. */
function fate(place) {
  const { candidates, settings } = found, { score } = settings;
  if (!found.ranks.has(place)) return `<b>Dead before suppression:</b> ${mono(candidates.score(place))} is under the threshold, ${mono(score)}.`;
  const blow = found.blows.findLast((one) => one.box === place), dealt = found.blows.filter((one) => one.by === place && one.removed).length;
  if (blow?.removed) return `<b>Dead:</b> suppressed by ${called(blow.by)}, ${ClassicBoxes.exceeded(settings, blow)}.`;
  if (blow) return `<b>Alive, but weakened</b> from ${mono(candidates.score(place))} to ${mono(blow.after)}, last by ${called(blow.by)}, ${ClassicBoxes.exceeded(settings, blow)}.`;
  return `<b>Alive:</b> no better box ${found.settings.classwise ? 'of its class ' : ''}overlaps it too much. It suppressed <span class="cn-num">${dealt}</span>.`;
}

function show() {
  if (!found) return;
  const { candidates, ranks } = found, place = pointed ?? own() ?? found.kept[0]?.place ?? candidates.best.indexOf(Math.max(...candidates.best));
  if (!(place < candidates.length)) return;
  const { stride, column, row } = found.grids.cell(place), objectness = candidates.objectness[place], [left, top, right, bottom] = candidates.box(place).map(Math.round);
  $('.cn-which-box').innerHTML = ranks.has(place) ? `Box #${ranks.get(place)}` : 'A cell';
  $('.cn-parts').innerHTML = bar('objectness', objectness, objectness, false) + candidates.classes(place).map(({ kind, chance }, i) => bar(name(kind), chance, chance * objectness, i === 0)).join('');
  $('.cn-fate').innerHTML = `${fate(place)} Cell ${column}, ${row} of the ${stride}-px grid says: ${right - left} × ${bottom - top} px at ${left}, ${top}.`;
}
const hear = (change) => {
  if (change.found) found = change.found;
  if ('pointed' in change) pointed = change.pointed;
  if ('cell' in change && change.cell !== own()) { props.value = change.cell; trigger('input'); }
  if (change.found || 'pointed' in change || 'cell' in change) show();
};
watch('value', () => ClassicNets.share(element, { cell: own() }));
ClassicNets.attend(element, hear);
