// The three stages of an answer, small, each with its number of boxes; the one chosen is shown large. Its value is its name.
const NAMES = { candidates: '1 Candidates', above: '2 Above the threshold', kept: '3 After suppression' };
const buttons = Object.entries(NAMES).map(([name, title]) => {
  const button = ClassicNets.make('button', { role: 'radio', innerHTML: `<canvas></canvas><span class="cn-cap"><b>${title}</b> <span class="cn-num"></span></span>` });
  button.addEventListener('click', () => ClassicNets.share(element, { view: name, ...(name === 'candidates' ? {} : { step: name === 'above' ? 0 : null }) }));
  element.querySelector('.cn-stage-row').append(button);
  return Object.assign(button, { name });
});
let painted = null; // the candidates that the first picture shows

const show = () => buttons.forEach((button) => button.setAttribute('aria-checked', button.name === props.value));
watch('value', () => { ClassicNets.share(element, { view: props.value }); show(); });

function sketch(button, found, paint) {
  const canvas = button.querySelector('canvas'), context = canvas.getContext('2d'), { width, height } = found.seen;
  const scale = Math.min(480 / width, 320 / height);
  Object.assign(canvas, { width: Math.round(width * scale), height: Math.round(height * scale) });
  context.drawImage(found.picture, 0, 0, canvas.width, canvas.height);
  paint(context, scale);
}
function boxes(context, found, scale, places) {
  const style = getComputedStyle(element);
  for (const place of places) ClassicBoxes.frame(context, found.candidates.box(place).map((side) => side * scale), found.candidates.kind(place), style, 4);
}
function heat(context, found, scale) {
  const cells = ClassicNets.make('canvas'), [width, height] = found.grids.heat(cells, found.candidates.objectness, null);
  context.imageSmoothingEnabled = false;
  context.drawImage(cells, 0, 0, width * scale, height * scale);
}

function repaint(found) {
  const [first, second, third] = buttons;
  if (painted !== found.candidates) sketch(first, found, (context, scale) => heat(context, found, scale));
  painted = found.candidates;
  sketch(second, found, (context, scale) => boxes(context, found, scale, found.places));
  sketch(third, found, (context, scale) => boxes(context, found, scale, found.kept.map(({ place }) => place)));
  [found.candidates.length, found.places.length, found.kept.length].forEach((count, i) => { buttons[i].querySelector('.cn-num').textContent = count.toLocaleString('en'); });
}
const hear = ({ found, view }) => {
  if (found) repaint(found);
  if (view && view !== props.value) { props.value = view; trigger('input'); }
  if (view) show();
};
ClassicNets.attend(element, hear);
ClassicNets.share(element, { view: props.value });
