// The paper's four figures, each a picture over the page. Its value is the one that is open, or null.
let codes = null, shown = null;
ClassicNets.heed(element, ({ shown: now }) => { if (now && !now.walking) codes = now.codes; });

const put = (name) => { props.value = name; trigger('input'); };

async function open(name) {
  if (shown || !codes) return;
  shown = name;
  put(name);
  const answer = await ClassicNets.ask(element, server.figure, { ...codes, figure: name });
  if (answer) await ClassicNets.enlarge({ src: answer.png, title: answer.title, caption: answer.caption, file: `infogan-${name}.png` });
  shown = null;
  put(null);
  element.querySelector(`[data-figure=${name}]`).focus();
}
element.addEventListener('click', ({ target }) => { if (target.dataset.figure) open(target.dataset.figure); });
// An address may ask for one.
watch('start', () => {
  codes = props.start.codes;
  if (props.value) open(props.value);
});
