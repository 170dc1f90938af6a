// The stage: one tab for a projector, driven by keys or a clicker. Its steps are the links under "Try this", each opened
// as anybody opens it, so that what was moved by hand before is gone.
(() => {
  const asked = new URLSearchParams(location.search);
  const onStage = () => document.body.classList.contains('stage');
  const selected = () => document.querySelector('.cn-tabs [role=tab][aria-selected=true]')?.dataset.tabId;

  /** The open tab, once it is the one that the address names. */
  const openTab = () => (selected() === ClassicNets.opened() ? [...document.querySelectorAll('.cn-tabs .tabitem')].find((tab) => tab.offsetParent) : null);
  const steps = () => [...(openTab()?.querySelectorAll('.cn-try a') ?? [])];

  // --- where the lecture is ---------------------------------------------------------------------
  /** What a query asks for, however it is to be seen. */
  function state(query) {
    const look = ['v=1', 'view=stage', 'stage=1', '__theme=dark', '__theme=light'];
    return [...new URLSearchParams(query)].map(([name, value]) => `${name}=${value}`).filter((pair) => !look.includes(pair)).sort().join('&');
  }

  const begun = state(asked);
  let leaving = null; // the step that is being opened: keys come faster than pages

  /** The step that the page was opened with, from 1; 0 where it was none. */
  const place = () => leaving ?? steps().findIndex((link) => state(link.search) === begun) + 1;

  function walk(by) {
    const links = steps(), to = Math.min(links.length, Math.max(0, place() + by));
    if (to === place()) return;
    leaving = to;
    location.assign(ClassicNets.addressOf(to ? links[to - 1].search : { demo: ClassicNets.opened(), v: 1 }));
  }

  /** Say at which step we are: "1/3 · Only five weights". */
  function cue() {
    const links = steps(), at = place(), line = document.querySelector('.cn-cue');
    if (!line || !links.length) return;
    line.querySelector('.cn-cue-place').textContent = `${at}/${links.length}`;
    line.querySelector('.cn-cue-name').textContent = at ? links[at - 1].textContent : 'Try this';
    line.querySelector('[data-walk="-1"]').disabled = at === 0;
    line.querySelector('[data-walk="1"]').disabled = at === links.length;
  }

  /** Bring what the step is about into sight, if it stands under the first screen, once all of the tab stands. */
  function bring() {
    const lower = [...asked.keys()].map((name) => `.cn-work + .cn-work .cn-for-${CSS.escape(name)}`).join();
    if (onStage() && place()) setTimeout(() => openTab().querySelector(lower)?.closest('.cn-work').scrollIntoView(), 500);
  }

  // --- keys ---------------------------------------------------------------------------------------
  const RUNS = '.cn-runner [data-do=run], .cn-runner [data-do=stop], [data-do=play], .cn-reel [data-do=run]';

  /** Press what runs or stops, plays or pauses in the open tab. */
  const run = () => [...(openTab()?.querySelectorAll(RUNS) ?? [])].find((button) => !button.disabled && button.offsetParent)?.click();
  const press = (part) => document.querySelector(`#mast ${part}`)?.click();
  const visit = (number) => document.querySelectorAll('.cn-tabs [role=tab]')[number - 1]?.click();

  const KEYS = {
    ArrowRight: () => walk(1), PageDown: () => walk(1), // the latter is what clickers send
    ArrowLeft: () => walk(-1), PageUp: () => walk(-1),
    ' ': run, q: () => press('[data-do=qr]'), d: () => ClassicNets.toggle('dark'), '?': () => press('[data-do=keys]'), Escape: () => ClassicNets.toggle('stage'),
  };

  /** Whether the key belongs to what has the focus. */
  function taken({ key, target }) {
    if (target.closest('input[type=range]')) return /^(Arrow|Page)/.test(key);
    if (target.closest('input, textarea, select, video, [contenteditable]')) return true;
    return key === ' ' && target.closest('button, a, label, summary');
  }

  document.addEventListener('keydown', (event) => {
    if (!onStage() || event.defaultPrevented || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
    if (document.querySelector('dialog[open]') || taken(event)) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const act = KEYS[key] ?? (/^[1-9]$/.test(key) ? () => visit(+key) : null);
    if (!act) return;
    event.preventDefault();
    act();
  });

  document.addEventListener('click', (event) => {
    const by = event.target.closest?.('[data-walk]')?.dataset.walk;
    if (by) walk(+by);
  });
  window.addEventListener('viewchange', cue);
  window.addEventListener('tabchange', () => { cue(); bring(); });
  window.addEventListener('pageshow', () => { leaving = null; }); // a page that comes back comes as it was left
})();
