// The run in figures: the objective at every step, the octaves as they fill, and what the net recognises before and after.
const $ = (selector) => element.querySelector(selector);
const [left, right, top, bottom] = [40, 306, 18, 140];
const { short } = ClassicNets;

function draw({ curve, octaves, steps }) {
  const total = octaves * steps, most = Math.max(...curve) * 1.08 || 1;
  const across = (i) => left + ((right - left) * i) / Math.max(1, total - 1), up = (value) => bottom - ((bottom - top) * value) / most;
  const [x, y] = [across(curve.length - 1), up(curve.at(-1))];
  const marks = Array.from({ length: octaves + 1 }, (_, k) => k * steps);
  $('.cn-objective').innerHTML = `<path class="cn-axis" d="M${left} ${top - 8}V${bottom}H${right}"/>
    ${marks.slice(1, -1).map((k) => `<path class="cn-grid" d="M${across(k)} ${top}V${bottom}"/>`).join('')}
    ${marks.map((k) => `<text x="${across(k === total ? k - 1 : k)}" y="${bottom + 18}" text-anchor="middle">${k}</text>`).join('')}
    <text x="${left - 5}" y="${top}" text-anchor="end">${short(most)}</text><text x="${left - 5}" y="${bottom + 4}" text-anchor="end">0</text>
    <polyline points="${ClassicNets.points(curve.map((value, i) => [across(i), up(value)]))}"/>
    <circle class="cn-point" cx="${x}" cy="${y}" r="5"/><text class="cn-last" x="${Math.min(x, right - 4)}" y="${Math.max(y - 11, 11)}" text-anchor="end">${short(curve.at(-1))}</text>`;
}

function fill({ ends, octaves, octave, last }) {
  const box = $('.cn-octaves');
  box.style.setProperty('--columns', Math.min(4, Math.max(2, Math.ceil(octaves / 2))));
  box.replaceChildren(...Array.from({ length: octaves }, (_, k) => {
    const figure = document.createElement('figure'), done = ends[k];
    figure.classList.toggle('cn-now', !last && k === octave - 1);
    figure.innerHTML = `${done ? `<img src="${done.image}" alt="Octave ${k + 1}">` : '<i></i>'}<figcaption class="cn-num">${k + 1}${done ? ` ${done.size.join(' \u00d7 ')}` : ''}</figcaption>`;
    return figure;
  }));
}

function recognise(top) {
  $('.cn-tops').hidden = !top;
  if (!top) return;
  const [before, after] = top, cell = ([name, chance]) => `<td><b style="--p:${(100 * chance).toFixed(0)}%"></b>${name}</td><td class="cn-num">${chance.toFixed(2)}</td>`;
  $('.cn-top').innerHTML = before.map((_, i) => `<tr>${cell(before[i])}${cell(after[i])}</tr>`).join('');
}

ClassicNets.heed(element, ({ frame }) => {
  if (!frame || frame.failed) return;
  draw(frame);
  fill(frame);
  recognise(frame.top);
  $('h2 span').textContent = frame.measure;
  $('.cn-formula').innerHTML = frame.wish;
});
draw({ curve: [0], octaves: 4, steps: 10 });
$('.cn-last').remove();
