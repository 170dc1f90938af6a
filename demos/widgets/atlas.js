// What single channels of the layer like to see, a page at a time. Its value is the list of those chosen; none means all.
const $ = (selector) => element.querySelector(selector);
const sheet = $('.cn-sheet-of-channels');
let layer = null, short = '', net = 'googlenet', first = 0, page = null;

const choose = (channels) => { props.value = channels; trigger('input'); show(); };

const turn = ClassicNets.latest(async () => {
  $('.cn-atlas > .cn-buttons .cn-cap').textContent = 'Dreaming\u2026';
  const asked = { net, layer, first }, answer = await ClassicNets.ask(element, server.atlas(asked));
  if (answer && asked.layer === layer && asked.net === net) { page = answer; build(); }
  show();
});

function build() {
  sheet.replaceChildren(...page.images.map((image, i) => {
    const button = Object.assign(document.createElement('button'), { type: 'button' });
    button.dataset.channel = first + i;
    button.innerHTML = `<img src="${image}" alt=""><span class="cn-num">${first + i}</span>`;
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
  const told = chosen.length ? `Only channel${chosen.length > 1 ? 's' : ''} ${chosen.join(', ')} of ${short}.` : `All channels of ${short}.`;
  $('.cn-atlas > .cn-buttons .cn-cap').textContent = told + (page ? ` Shown: ${first} to ${first + page.images.length - 1} of ${page.channels}, each dreamed from noise. Choose one or more.` : '');
  ClassicNets.share(element, { channels: chosen });
}

element.addEventListener('click', (event) => {
  const action = event.target.dataset.do;
  if (action === 'show') turn();
  if (action === 'more') { first += page.images.length; turn(); }
  if (action === 'less') { first = Math.max(0, first - props.page); turn(); }
  if (action === 'all') choose([]);
});
function hear(change) {
  if (change.net) net = change.net;
  if (!change.layer || change.layer === layer) return;
  const another = layer !== null;
  ({ layer, short } = change);
  page = null;
  first = 0;
  sheet.replaceChildren();
  if (another && props.value.length) choose([]);
  else show();
}
ClassicNets.heed(element, hear);
watch('value', show);
hear(ClassicNets.known(element));
