// What every tab shares in the page: pixels, charts, hands, the newest call only, the address bar, the two views.
window.ClassicNets = (() => {
  const body = () => document.body.classList;

  /** A new element with these properties; a button is one that submits nothing. */
  const make = (tag, properties) => Object.assign(document.createElement(tag), tag === 'button' && { type: 'button' }, properties);

  // --- pixels ---------------------------------------------------------------------------------
  function bytes(base64) {
    const letters = atob(base64), levels = new Uint8Array(letters.length);
    for (let i = 0; i < letters.length; i++) levels[i] = letters.charCodeAt(i);
    return levels;
  }

  /** Bits, eight to a byte, as base64url text. */
  function textOfBits(bits) {
    const packed = Array.from({ length: bits.length / 8 }, (_, i) => bits.slice(8 * i, 8 * i + 8).reduce((byte, bit) => 2 * byte + bit, 0));
    return btoa(String.fromCharCode(...packed)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  }
  function bitsOfText(text) {
    const packed = bytes(text.replaceAll('-', '+').replaceAll('_', '/'));
    return Uint8Array.from({ length: 8 * packed.length }, (_, i) => (packed[i >> 3] >> (7 - (i & 7))) & 1);
  }

  /** Paint base64 grey levels, or nothing, on a canvas of as many pixels. */
  function paint(canvas, base64) {
    const grey = base64 ? bytes(base64) : new Uint8Array(canvas.width * canvas.height);
    const image = new ImageData(canvas.width, canvas.height);
    image.data.fill(255);
    for (let i = 0; i < grey.length; i++) image.data.fill(grey[i], 4 * i, 4 * i + 3);
    canvas.getContext('2d').putImageData(image, 0, 0);
  }

  const hues = () => Array.from({ length: 10 }, (_, i) => getComputedStyle(document.body).getPropertyValue(`--cn-h${i}`).trim().match(/\w\w/g).map((part) => parseInt(part, 16)));
  let heat; // read from the styles once the page has a body

  /** The colour [red, green, blue] of a value from 0 to 1 on a heat map: cividis. */
  function cividis(value) {
    heat ??= hues();
    const t = value * 9, i = Math.min(8, Math.floor(t));
    return heat[i].map((part, k) => part + (t - i) * (heat[i + 1][k] - part));
  }

  /** Paint values from 0 to 1 as a heat map, a pixel each, on a canvas so many columns wide. */
  function paintHeat(canvas, values, columns, alpha = 255) {
    const image = new ImageData(columns, values.length / columns);
    values.forEach((value, i) => image.data.set([...cividis(value), alpha], 4 * i));
    Object.assign(canvas, { width: image.width, height: image.height }).getContext('2d').putImageData(image, 0, 0);
  }

  /** Paint how two pictures of base64 grey levels differ: violet where the second is darker, ochre where it is brighter. */
  function paintChange(canvas, before, after, gain = 1) {
    const colours = getComputedStyle(canvas), channel = (token) => colours.getPropertyValue(token).trim().match(/\w\w/g).map((hex) => parseInt(hex, 16));
    const ground = channel('--cn-v0'), brighter = channel('--cn-v3'), darker = channel('--cn-v-3');
    const image = new ImageData(canvas.width, canvas.height), from = bytes(before ?? ''), to = bytes(after ?? '');
    for (let i = 0; i < canvas.width * canvas.height; i++) {
      const change = Math.max(-1, Math.min(1, (gain * ((to[i] ?? 0) - (from[i] ?? 0))) / 255)), end = change > 0 ? brighter : darker;
      for (let k = 0; k < 3; k++) image.data[4 * i + k] = ground[k] + (end[k] - ground[k]) * Math.abs(change);
      image.data[4 * i + 3] = 255;
    }
    canvas.getContext('2d').putImageData(image, 0, 0);
  }

  const signed = (value) => (value < 0 ? '\u2212' : value > 0 ? '+' : ' ') + Math.abs(value).toFixed(2);

  /** Put a slider there, filled from its own zero. */
  function put(slider, value, zero = +slider.min) {
    const percent = (place) => (100 * (place - slider.min)) / (slider.max - slider.min);
    slider.value = value;
    slider.style.setProperty('--a', Math.min(percent(zero), percent(value)));
    slider.style.setProperty('--b', Math.max(percent(zero), percent(value)));
  }

  // --- words ------------------------------------------------------------------------------------
  /** Words as they stand in HTML. */
  const escaped = (words) => make('i', { textContent: words }).innerHTML;

  /** Write it anew only where it changed: a screen reader reads what is written. */
  function say(place, words) { if (place.textContent !== words) place.textContent = words; }

  // --- charts -----------------------------------------------------------------------------------
  /** A number in few letters. */
  const short = (value) => (value >= 10_000 ? `${(value / 1000).toFixed(0)}k` : value >= 100 ? value.toFixed(0) : value.toPrecision(2));

  /** A power of ten, as it stands in an SVG. */
  const tenTo = (power) => `10<tspan dy="-4" font-size="9">${String(power).replace('-', '\u2212')}</tspan>`;

  /** Places [x, y] as the points of a polyline. */
  const points = (places) => places.map((place) => place.map((part) => part.toFixed(1)).join()).join(' ');

  /** Where a value stands among rising ones: 1.5 is midway between the second and the third. */
  function among(values, value) {
    const next = values.findIndex((other) => other >= value);
    if (next < 1) return next ? values.length - 1 : 0;
    return next - 1 + (value - values[next - 1]) / (values[next] - values[next - 1]);
  }

  /** What a row says at such a place, between two of its numbers; null beside a gap. */
  function between(row, place) {
    const low = row[Math.floor(place)], high = row[Math.ceil(place)];
    return typeof low === 'number' && typeof high === 'number' ? low + (high - low) * (place % 1) : null;
  }

  /** How wide a chart is in sixteenths of a rem, so that its letters are of the page's size. */
  const sixteenths = (chart) => Math.round((16 * chart.clientWidth) / parseFloat(getComputedStyle(document.documentElement).fontSize));

  // --- hands ------------------------------------------------------------------------------------
  /** Where in an element a pointer is, [x, y] from 0 to 1. */
  function within(element, { clientX, clientY }) {
    const { left, top, width, height } = element.getBoundingClientRect();
    return [(clientX - left) / width, (clientY - top) / height];
  }

  /** Follow one pointer at a time: `begin` may refuse it by false, `move` gets its event and all parts of its way, `end`
   *  comes however it ends. What is returned lets go of it. */
  function drag(element, { begin = () => {}, move, end = () => {} }) {
    let pointer = null;
    element.addEventListener('pointerdown', (event) => {
      if (event.button || pointer !== null) return;
      pointer = event.pointerId;
      if (begin(event) === false) pointer = null;
      else element.setPointerCapture(event.pointerId);
    });
    element.addEventListener('pointermove', (event) => {
      if (event.pointerId !== pointer) return;
      const parts = event.getCoalescedEvents?.() ?? [];
      move(event, parts.length ? parts : [event]);
    });
    // Comes after pointerup and pointercancel too.
    element.addEventListener('lostpointercapture', (event) => {
      if (event.pointerId !== pointer) return;
      pointer = null;
      end();
    });
    return () => { pointer = null; };
  }

  const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  /** Call back with the way of each arrow key, right and down, and its event; a key refused by false is the page's. */
  function arrows(element, go) {
    element.addEventListener('keydown', (event) => {
      const way = ARROWS[event.key];
      if (way && go(...way, event) !== false) event.preventDefault();
    });
  }

  // --- between the widgets of one tab ----------------------------------------------------------
  const tab = (element) => element.closest('.tabitem');

  /** Tell the other widgets of the tab what has changed under the visitor's hand. */
  function share(element, change) {
    const all = tab(element);
    if (!all) return;
    all.shared = { ...all.shared, ...change };
    all.dispatchEvent(new CustomEvent('share', { detail: change }));
  }

  /** All that has been shared in the tab so far, for a widget that comes late. */
  const known = (element) => tab(element)?.shared ?? {};

  /** Call back with every change that a widget of the tab shares. */
  function heed(element, hear) { tab(element)?.addEventListener('share', (event) => hear(event.detail)); }

  /** Call back with all that is known, and with every change from now on. */
  function attend(element, hear) {
    heed(element, hear);
    hear(known(element));
  }

  // --- answers --------------------------------------------------------------------------------
  /** The call, made at once or as soon as the one under way has come back; those in between are dropped. */
  function latest(call) {
    let busy = false, waiting = null;
    return async function run(...values) {
      if (busy) { waiting = values; return; }
      busy = true;
      try { await call(...values); } finally {
        busy = false;
        if (waiting) { const next = waiting; waiting = null; run(...next); }
      }
    };
  }

  const foot = (element, name) => tab(element)?.querySelector(`.cn-foot .cn-${name}`);

  /** Say something, or nothing more, in the foot of the element's tab, and offer a way out where there is one. */
  function tell(element, sentence, giveUp = null) {
    const place = foot(element, 'error');
    if (!place) return;
    if (!giveUp || !sentence) { say(place, sentence); return; }
    const out = place.querySelector('button') ?? make('button', { className: 'cn-btn', textContent: 'Stop' });
    const words = place.querySelector('span') ?? make('span');
    out.onclick = giveUp;
    say(words, sentence);
    if (!out.isConnected) place.replaceChildren(words, ' ', out);
  }

  /** Show in the foot how long the last answer took. */
  function took(element, milliseconds) {
    const place = foot(element, 'ms');
    if (place) place.textContent = milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds);
  }

  const LOST = { error: 'The server does not answer. Reload the page.' };

  /** The server's answer to a widget's own call; one that refuses or does not come is told and is null.
   *  Heavy work says how long it waits; the button beside it gives the place away. */
  async function ask(element, call, request) {
    const asked = async (what) => (await call(what).catch(() => LOST)) ?? LOST; // a request that fails outright is undefined
    let answer = await asked(request), stop = false;
    while (answer.ticket) {
      tell(element, answer.waiting, () => { stop = true; });
      answer = await asked({ ticket: answer.ticket, ...(stop && { stop }) });
    }
    tell(element, stop ? '' : answer.error ?? '');
    return answer.error ? null : answer;
  }

  // --- the address bar ------------------------------------------------------------------------
  const states = {}, asked = new URLSearchParams(location.search);
  let open = asked.get('demo'), theme = asked.get('__theme'), restored = false, timer = 0;

  const text = (value) => value == null ? '' : String(value);

  /** A query as it stands in an address: commas and slashes need no coding. */
  const written = (query) => `${location.pathname}?${query.toString().replaceAll('%2C', ',').replaceAll('%2F', '/')}`;

  /** The address of a state, to be seen as the page is seen now. */
  function addressOf(state) {
    const stage = body().contains('stage') ? [['view', 'stage']] : []; // first: YOLO has a view, too, and the server heeds the last
    const query = new URLSearchParams([...stage, ...new URLSearchParams(state)]);
    if (theme) query.set('__theme', theme);
    return written(query);
  }

  /** The address of the open tab as it stands: only what differs from its default. */
  const address = () => addressOf({ demo: open, ...states[open], v: 1 });

  // Not before the server has read the address; then rarely, since browsers refuse many changes a second.
  function follow() {
    clearTimeout(timer);
    if (restored && open) timer = setTimeout(() => history.replaceState(history.state, '', address()), 350);
  }

  /** The controls hold what the address asked for. */
  function restore() {
    restored = true;
    follow();
    window.dispatchEvent(new Event('tabchange'));
  }

  /** Note the values of a tab's controls, but for pictures of one's own; Gradio calls it whenever one changes. */
  function keep(slug, names, defaults, values) {
    const pairs = names.map((name, i) => [name, text(values[i])]).filter(([, value], i) => value !== defaults[i] && !value.startsWith('data:'));
    states[slug] = Object.fromEntries(pairs);
    if (slug === open) follow();
    return [];
  }

  // Gradio opens its first tab before the server has read the address.
  const named = () => document.querySelector(`[role=tab][data-tab-id="${CSS.escape(asked.get('demo') ?? '')}"]`);

  function visit(slug) {
    if (!restored && named()) return [];
    open = slug;
    follow();
    window.dispatchEvent(new Event('tabchange'));
    return [];
  }

  /** Copy text, also where the page is not served over https and the clipboard's own API is missing. */
  async function copy(text) {
    try { await navigator.clipboard.writeText(text); return true; } catch { /* the old way */ }
    const area = make('textarea', { value: text });
    (document.querySelector('dialog[open]') ?? document.body).append(area); // a dialog lets nothing else have the focus
    area.select();
    const copied = document.execCommand('copy');
    area.remove();
    return copied;
  }

  async function copyLink(button) {
    const link = new URL(address(), location.href).href;
    if (await copy(link)) {
      button.textContent = 'Copied';
      setTimeout(() => { button.textContent = 'Copy link'; }, 2000);
    } else window.prompt('The link', link);
  }

  // --- one large picture over the page ----------------------------------------------------------
  /** Show a picture whole, to be zoomed and saved; resolves when it is closed. */
  function enlarge({ src, title, caption = '', file }) {
    const dialog = make('dialog', { className: 'cn-dialog', ariaLabel: title });
    dialog.innerHTML = `<div class="cn-dialog-top"><b></b><a download>Save as PNG</a><button class="cn-btn" type="button">Close</button></div>
      <p class="cn-cap"></p><div class="cn-dialog-body"><button class="cn-zoom" type="button" aria-label="Zoom"><img></button></div>`;
    const [zoom, image, link] = ['.cn-zoom', 'img', 'a'].map((part) => dialog.querySelector(part));
    image.onload = () => image.style.setProperty('--aspect', image.naturalWidth / image.naturalHeight);
    image.src = link.href = src;
    link.download = file;
    image.alt = dialog.querySelector('b').textContent = title;
    dialog.querySelector('.cn-cap').innerHTML = caption;
    zoom.addEventListener('click', () => dialog.classList.toggle('cn-zoomed'));
    dialog.addEventListener('click', (event) => { if (event.target === dialog || event.target.closest('.cn-btn')) dialog.close(); });
    document.querySelector('.gradio-container').append(dialog);
    dialog.showModal();
    return new Promise((resolve) => { dialog.addEventListener('close', () => { dialog.remove(); resolve(); }); });
  }

  /** Let the visitor keep a file. */
  function save(href, download) { make('a', { href, download }).click(); }

  // --- pictures that come along ------------------------------------------------------------------
  /** A canvas that shows a picture of that size on white paper, its longer side shrunk to no more than that. */
  function onWhite(picture, width, height, longest) {
    const scale = Math.min(1, longest / Math.max(width, height));
    const canvas = make('canvas', { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) });
    const context = canvas.getContext('2d');
    context.fillStyle = '#fff';
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingQuality = 'high';
    context.drawImage(picture, 0, 0, canvas.width, canvas.height);
    return canvas;
  }

  // --- stage and dark -------------------------------------------------------------------------
  function toggle(view) {
    body().toggle(view);
    if (view === 'dark') theme = body().contains('dark') ? 'dark' : 'light';
    pressed();
    window.dispatchEvent(new Event('viewchange'));
    follow();
  }
  function pressed() {
    document.querySelectorAll('[data-view]').forEach((button) => button.setAttribute('aria-pressed', body().contains(button.dataset.view)));
  }
  document.addEventListener('click', (event) => {
    const button = event.target.closest?.('button');
    if (button?.dataset.view) toggle(button.dataset.view);
    if (button?.dataset.copy === 'link') copyLink(button);
    const step = event.target.closest?.('.cn-try a');
    if (step) step.href = addressOf(step.search); // light stays light
  });
  if (asked.getAll('view').includes('stage') || asked.has('stage')) toggle('stage'); // the latter in links of the first days

  return {
    make, bytes, textOfBits, bitsOfText, paint, paintHeat, paintChange, signed, put, escaped, say,
    short, tenTo, points, among, between, sixteenths, within, drag, arrows, share, known, heed, attend, latest, tell, took, ask,
    written, addressOf, address, restore, keep, visit, opened: () => open, enlarge, save, onWhite, toggle, pressed,
  };
})();
