// What single channels of the layer like to see, a page at a time. Its value is the list of those chosen; none means all.
const $ = (selector) => element.querySelector(selector);
const sheet = $('.cn-sheet-of-channels');
let layer = null, short = '', net = 'googlenet', first = 0, page = null, busy = false;

const choose = (channels) => { props.value = channels; trigger('input'); show(); };

/** Turn to the page that begins with that channel. */
async function turn(to) {
  busy = true;
  show();
  $('.cn-atlas > .cn-buttons .cn-cap').textContent = 'Dreaming\u2026';
  const asked = { net, layer, first: to }, answer = await ClassicNets.ask(element, server.atlas, asked);
  busy = false;
  if (answer && asked.layer === layer && asked.net === net) { first = to; page = answer; build(); }
  show();
}

function build() {
  sheet.replaceChildren(...page.images.map((image, i) => {
    const button = ClassicNets.make('button', { innerHTML: `<img src="${image}" alt=""><span class="cn-num">${first + i}</span>` });
    button.dataset.channel = first + i;
    button.addEventListener('click', () => {
      const channel = +button.dataset.channel, chosen = props.value;
      choose(chosen.includes(channel) ? chosen.filter((other) => other !== channel) : [...chosen, channel].slice(-props.most));
    });
    return button;
  }));
}

function show() {
  const chosen = props.value;
  sheet.querySelectorAll('button').forEach((button) => button.setAttribute('aria-pressed', chosen.includes(+button.dataset.channel)));
  $('[data-do=show]').hidden = Boolean(page);
  $('[data-do=less]').hidden = !page || first === 0;
  $('[data-do=more]').hidden = !page || first + page.images.length >= page.channels;
  $('[data-do=all]').hidden = !chosen.length;
  element.querySelectorAll('[data-do]').forEach((button) => { button.disabled = busy; });
  const told = chosen.length ? `Only channel${chosen.length > 1 ? 's' : ''} ${chosen.join(', ')} of ${short}.` : `All channels of ${short}.`;
  $('.cn-atlas > .cn-buttons .cn-cap').textContent = told + (page ? ` Shown: ${first} to ${first + page.images.length - 1} of ${page.channels}, each dreamed from noise. Choose one or more.` : '');
  ClassicNets.share(element, { channels: chosen });
}

element.addEventListener('click', (event) => {
  const action = event.target.dataset.do;
  if (action === 'show') turn(0);
  if (action === 'more') turn(first + page.images.length);
  if (action === 'less') turn(Math.max(0, first - props.page));
  if (action === 'all') choose([]);
});
function hear(change) {
  const next = { net, layer, ...change };
  if (next.net === net && next.layer === layer) return;
  const another = layer !== null && next.layer !== layer;
  ({ net, layer, short = short } = next);
  page = null;
  first = 0;
  sheet.replaceChildren();
  if (another && props.value.length) choose([]);
  else show();
}
watch('value', show);
ClassicNets.attend(element, hear);
