// What every tab shares in the page: pixels, the newest call only, the address bar, the two views.
window.ClassicNets = (() => {
  const body = () => document.body.classList;

  // --- pixels -------------------------------------------------------------------------------------------------
  const bytes = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

  /** Paint base64 grey levels, or nothing, on a square canvas of as many pixels. */
  function paint(canvas, base64) {
    const grey = base64 ? bytes(base64) : new Uint8Array(canvas.width * canvas.height);
    const image = new ImageData(canvas.width, canvas.height);
    grey.forEach((level, i) => image.data.set([level, level, level, 255], 4 * i));
    canvas.getContext('2d').putImageData(image, 0, 0);
  }

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

  const signed = (value) => (value < 0 ? '\u2212' : value > 0 ? '+' : ' ') + Math.abs(value).toFixed(2);

  /** Show in the foot of the element's tab how long the last answer took. */
  function took(element, milliseconds) {
    const place = element.closest('.tabitem')?.querySelector('.cn-ms');
    if (place) place.textContent = milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds);
  }

  // --- the address bar ------------------------------------------------------------------------------------------
  const states = {};
  const asked = new URLSearchParams(location.search), theme = asked.get('__theme');
  let open = asked.get('demo'), timer = 0;

  const text = (value) => value == null ? '' : String(value);

  /** The address of the open tab as it stands: only what differs from its default. */
  function address() {
    const query = new URLSearchParams({ demo: open, ...states[open], v: 1 });
    if (body().contains('stage')) query.set('stage', 1);
    if (theme) query.set('__theme', theme);
    return location.pathname + '?' + query.toString().replaceAll('%2C', ',');
  }

  // Browsers refuse more than about three changes of the address a second.
  function follow() {
    clearTimeout(timer);
    timer = setTimeout(() => history.replaceState(history.state, '', address()), 350);
  }

  /** Note the values of a tab's controls; Gradio calls it whenever one changes. */
  function keep(slug, names, defaults, values) {
    const pairs = names.map((name, i) => [name, text(values[i])]).filter(([, value], i) => value !== defaults[i]);
    states[slug] = Object.fromEntries(pairs);
    if (slug === open) follow();
    return [];
  }

  function visit(slug) {
    const moved = open && open !== slug;
    open = slug;
    if (moved) follow();
    return [];
  }

  /** Copy text, also where the page is not served over https and the clipboard's own API is missing. */
  async function copy(text) {
    try { await navigator.clipboard.writeText(text); return true; } catch { /* the old way */ }
    const area = Object.assign(document.createElement('textarea'), { value: text });
    document.body.append(area);
    area.select();
    const copied = document.execCommand('copy');
    area.remove();
    return copied;
  }

  async function copyLink(button) {
    const label = button.textContent, copied = await copy(new URL(address(), location.href).href);
    button.textContent = copied ? 'Copied' : 'Copy it from the address bar';
    setTimeout(() => { button.textContent = label; }, 2000);
  }

  // --- stage and dark ---------------------------------------------------------------------------------------------
  function toggle(view) {
    body().toggle(view);
    document.querySelectorAll(`[data-view=${view}]`).forEach((button) => button.setAttribute('aria-pressed', body().contains(view)));
    if (view === 'stage' && open) follow();
  }
  document.addEventListener('click', (event) => {
    const view = event.target.closest?.('[data-view]')?.dataset.view;
    if (view) toggle(view);
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && body().contains('stage') && !document.querySelector('dialog[open]')) toggle('stage');
  });
  if (asked.has('stage')) {
    if (document.body) toggle('stage'); else document.addEventListener('DOMContentLoaded', () => toggle('stage'));
  }

  return { bytes, paint, latest, signed, took, keep, visit, copyLink };
})();
