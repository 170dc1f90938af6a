// The name, what shares the page and what changes its look; on the stage the step and the keys. house.js and stage.js do the rest.
const $ = (selector) => element.querySelector(selector);
const LONGEST = 1200; // letters of a link that a phone still reads off a screen
const code = $('.cn-qr'), link = $('.cn-qr-link a');

/** The link to show as a code, and the parameters that it leaves out to be short enough, the longest first. */
function fitting() {
  const query = new URLSearchParams(ClassicNets.address().split('?')[1]), without = [];
  query.delete('view', 'stage'); // a phone has none
  const href = () => new URL(ClassicNets.written(query), location.href).href;
  while (href().length > LONGEST && query.size > 2) { // demo and v always fit
    const [name] = [...query].reduce((longest, pair) => (pair[1].length > longest[1].length ? pair : longest));
    query.delete(name);
    without.push(`the ${name}`);
  }
  return { href: href(), without };
}

/** What a lecturer should know before the hall scans it. */
function warning(without) {
  const own = /^(localhost|127\.|0\.0\.0\.0|\[::1?\])/.test(location.hostname);
  return [
    without.length ? `All of this would be too long for a code that phones read: it leaves out ${without.join(' and ')}. Copy link has everything.` : '',
    own ? `Phones cannot reach ${location.hostname}, which is this machine. Start the app with <span class="cn-num">--host 0.0.0.0</span> and open it by this machine's address, or with <span class="cn-num">--share</span>.` : '',
  ].join(' ');
}

async function showCode() {
  const { href, without } = fitting();
  $('.cn-qr .cn-error').innerHTML = warning(without).trim();
  Object.assign(link, { href, textContent: href });
  $('.cn-qr-code').replaceChildren();
  code.showModal();
  const answer = await ClassicNets.ask(element, server.qr, { url: href });
  if (answer) $('.cn-qr-code').innerHTML = answer.svg;
  else ClassicNets.say($('.cn-qr .cn-error'), 'No code could be drawn: the server does not answer. The link holds all the same.');
}

const actions = { qr: showCode, keys: () => $('.cn-keys-help').showModal(), close: (target) => target.closest('dialog').close() };
element.addEventListener('click', ({ target }) => {
  if (target.tagName === 'DIALOG') target.close(); // its backdrop
  actions[target.dataset.do]?.(target);
});
ClassicNets.pressed();
