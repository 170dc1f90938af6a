// The lecture slide's three pictures, their distances from face space as we measure them, and as the slide printed them. No value.
const $ = (selector) => element.querySelector(selector);
let pictures = [], k = 40;

const figures = [0, 1, 2].map(() => {
  const figure = ClassicNets.make('figure');
  figure.innerHTML = `<canvas class="cn-pix" width="92" height="112" role="img"></canvas><figcaption class="cn-cap"></figcaption>
    <b>\u2013</b><small>the slide\u2019s own: <span class="cn-num">\u2013</span></small>`;
  $('.cn-trio-row').append(figure);
  return figure;
});

function build() {
  pictures = JSON.parse(props.pictures || '[]');
  figures.forEach((figure, i) => {
    const { picture, title = '', slide } = pictures[i] ?? {};
    ClassicNets.paint(figure.querySelector('canvas'), picture);
    figure.querySelector('canvas').setAttribute('aria-label', title || 'No picture yet');
    figure.querySelector('figcaption').textContent = title;
    figure.querySelector('small span').textContent = slide ?? '\u2013';
  });
  show();
}

function show() {
  const ours = pictures.map(({ from }) => from[k - 1]), slides = pictures.map(({ slide }) => slide);
  const ratio = (list) => { const most = Math.max(...list) / Math.min(...list); return most.toFixed(most < 10 ? 1 : 0); };
  const order = (list) => String(list.map((_, i) => i).sort((a, b) => list[a] - list[b]));
  $('h2 span').innerHTML = `with k = <b class="cn-num">${k}</b>`;
  figures.forEach((figure, i) => { figure.querySelector('b').textContent = ours[i]?.toFixed(1) ?? '\u2013'; });
  $('.cn-trio-ratio').innerHTML = pictures.length ? `Largest to smallest: ours <b class="cn-num">${ratio(ours)} : 1</b>,
    the slide\u2019s <span class="cn-num">${ratio(slides)} : 1</span>; the order is ${order(ours) === order(slides) ? 'the same' : 'another'}.` : '';
}

function hear(change) {
  if (!change.k) return;
  k = Math.round(change.k);
  show();
}
watch('pictures', build);
build();
ClassicNets.attend(element, hear);
