// The paper's figures, grids of small transfers, as they are painted. Its value is which one to draw, and the run's number.
const $ = (selector) => element.querySelector(selector);
const plate = $('.cn-plate'), told = $('.cn-plates > .cn-cap'), [stop, save] = ['stop', 'save'].map((name) => $(`[data-do=${name}]`));
let runs = 0, running = false, grid = null, curves = {};

function allow() {
  element.querySelectorAll('[data-draw]').forEach((button) => { button.disabled = running; });
  stop.hidden = !running;
  save.hidden = running || !plate.querySelector('img');
}

function order(name) {
  running = true;
  runs += 1;
  [grid, curves] = [null, {}];
  plate.replaceChildren();
  told.textContent = 'Waiting for the net\u2026';
  allow();
  props.value = { name, run: runs };
  trigger('submit');
}

function end(sentence) {
  running = false;
  told.textContent = sentence;
  allow();
}

// --- the grid ------------------------------------------------------------------------------------------------------
const span = (text, kind = '') => ClassicNets.make('span', { textContent: text, className: kind });

function build(figure) {
  grid = figure;
  plate.style.setProperty('--columns', figure.columns.length + (figure.name === 'race' ? 2 : 0));
  plate.append(span(''), ...figure.columns.map((text) => span(text)));
  if (figure.name === 'race') plate.append(span('loss by seconds'), span(''));
  figure.rows.forEach((text, row) => plate.append(span(text, 'cn-row'), ...figure.columns.map((_, column) => {
    const button = ClassicNets.make('button', { title: [text, figure.columns[column]].filter(Boolean).join(', ') });
    button.dataset.cell = `${row},${column}`;
    return button;
  })));
  if (figure.name === 'race') plate.insertAdjacentHTML('beforeend', '<svg class="cn-curve cn-race" viewBox="0 0 320 170" role="img" aria-label="Loss of both by seconds"></svg>');
}

function fill({ row, column, image }) {
  const cell = plate.querySelector(`[data-cell="${row},${column}"]`), shown = cell.querySelector('img') ?? cell.appendChild(Object.assign(new Image(), { alt: cell.title }));
  shown.onload = () => plate.style.setProperty('--aspect', shown.naturalWidth / shown.naturalHeight);
  shown.src = image;
}

function race() {
  const [left, right, top, bottom] = [40, 250, 12, 146], every = Object.values(curves).flat();
  const longest = Math.max(1, ...every.map(([seconds]) => seconds)), powers = every.map(([, loss]) => Math.log10(loss));
  const [low, high] = [Math.floor(Math.min(...powers)), Math.ceil(Math.max(...powers))];
  const across = (seconds) => left + ((right - left) * seconds) / longest, up = (power) => bottom - ((bottom - top) * (power - low)) / Math.max(1, high - low);
  const lines = Object.entries(curves).map(([column, curve]) => {
    const points = curve.map(([seconds, loss]) => [across(seconds), up(Math.log10(loss))]), [x, y] = points.at(-1);
    return `<polyline ${column > 0 ? 'stroke-dasharray="5 4"' : ''} points="${ClassicNets.points(points)}"/><circle cx="${x}" cy="${y}" r="4"/><text x="${x + 8}" y="${Math.min(y + 4, bottom - 6)}">${grid.columns[column]} ${curve.at(-1)[1].toFixed(curve.at(-1)[1] < 10 ? 1 : 0)}</text>`;
  });
  $('.cn-race').innerHTML = `<path class="cn-axis" d="M${left} ${top - 6}V${bottom}H${right}"/><text x="${left}" y="${bottom + 18}">0</text><text x="${right}" y="${bottom + 18}" text-anchor="end">${longest.toFixed(1)} s</text>
    ${Array.from({ length: high - low + 1 }, (_, k) => `<path class="cn-grid" d="M${left} ${up(low + k)}H${right}"/><text x="${left - 6}" y="${up(low + k) + 4}" text-anchor="end">${ClassicNets.tenTo(low + k)}</text>`).join('')}${lines.join('')}`;
}

watch('frame', () => {
  const { frame } = props;
  if (!running || frame.run !== runs) return;
  if (frame.failed) { end(''); return; }
  if (frame.waiting) { told.textContent = frame.waiting; return; }
  if (!grid) build(frame);
  frame.cells.forEach(fill);
  if (frame.curves) { curves = frame.curves; race(); }
  const panels = frame.rows.length * frame.columns.length, now = Math.min(panels, Math.floor(frame.done * panels) + 1);
  if (frame.last) end(`${frame.title}. Each picture can be enlarged.${frame.done < 1 ? ' As many as five minutes allow.' : ''}`);
  else told.textContent = `Picture ${now} of ${panels}, ${Math.round(100 * frame.done)} % done${frame.done > 0.03 && frame.milliseconds ? `, ${Math.round((frame.milliseconds / 1000) * (1 / frame.done - 1))} s left` : ''}. The rest of the page goes on.`;
});

window.addEventListener('serverlost', () => { if (running) end('The server went away. What is painted stays.'); });

// --- keeping -------------------------------------------------------------------------------------------------------
/** The whole figure as one picture, with its labels. */
function sheet() {
  const images = [...plate.querySelectorAll('img')], [w, h] = [images[0].naturalWidth, images[0].naturalHeight], [edge, head, gap] = [96, 40, 8];
  const canvas = ClassicNets.make('canvas', { width: edge + grid.columns.length * (w + gap), height: head + grid.rows.length * (h + gap) }), pen = canvas.getContext('2d');
  Object.assign(pen, { fillStyle: '#fff', font: '15px "IBM Plex Mono", monospace', textBaseline: 'middle' });
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = '#16181b';
  grid.columns.forEach((text, column) => pen.fillText(text, edge + column * (w + gap), head / 2));
  grid.rows.forEach((text, row) => pen.fillText(text, 4, head + row * (h + gap) + h / 2, edge - 8));
  images.forEach((image) => { const [row, column] = image.parentElement.dataset.cell.split(','); pen.drawImage(image, edge + column * (w + gap), head + row * (h + gap)); });
  return canvas.toDataURL('image/png');
}

element.addEventListener('click', (event) => {
  const { draw, do: action } = event.target.dataset, cell = event.target.closest('[data-cell]'), image = cell?.querySelector('img');
  if (draw) order(draw);
  if (action === 'save') ClassicNets.save(sheet(), `style-${grid.name}.png`);
  if (image) ClassicNets.enlarge({ src: image.src, title: cell.title, file: 'style.png' });
  if (action === 'stop') {
    trigger('stop');
    runs += 1; // what still arrives is of no run
    setTimeout(() => end('Stopped. What is painted stays.'), 500); // Gradio would stop a run that begins at once, too
  }
});
allow();
