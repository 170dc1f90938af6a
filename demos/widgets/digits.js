// Ten digits as G makes them from the codes; a press chooses one. Its value is that digit.
const $ = (selector) => element.querySelector(selector);
const keys = Array.from({ length: 10 }, (_, digit) => {
  const key = ClassicNets.make('button', { className: 'cn-key', role: 'radio' });
  key.innerHTML = `<canvas class="cn-pix" width="28" height="28"></canvas><span>${digit} <small></small></span>`;
  key.addEventListener('click', () => ClassicNets.share(element, { digit }));
  $('.cn-keys').append(key);
  return key;
});

// Another key of a group is reached by the arrows.
ClassicNets.arrows($('.cn-keys'), (right, down) => {
  const digit = (props.value + right + 5 * down + 10) % 10;
  keys[digit].focus();
  ClassicNets.share(element, { digit });
});

// --- asking: whenever a code changes, all pictures of it -----------------------------------------------------------
let codes = {}, begun = false;

const generate = ClassicNets.latest(async () => {
  const answer = await ClassicNets.ask(element, server.generate, { ...codes });
  if (!answer) return;
  ClassicNets.took(element, answer.milliseconds);
  ClassicNets.share(element, { shown: answer });
});

// The keys' own pictures can wait until the hand rests.
const generateAll = ClassicNets.latest(async () => {
  const answer = await ClassicNets.ask(element, server.digits, { ...codes });
  if (answer) showPictures(answer.digits);
});
let rest = 0;
function follow(changed) {
  generate();
  if (!changed.some((name) => name !== 'digit')) return;
  clearTimeout(rest);
  rest = setTimeout(generateAll, 120);
}

ClassicNets.heed(element, (change) => {
  const changed = ['digit', 'styles', 'noise'].filter((name) => name in change);
  changed.forEach((name) => { codes[name] = change[name]; });
  if ('digit' in change && change.digit !== props.value) { props.value = change.digit; trigger('input'); show(); }
  if (changed.length && begun) follow(changed);
});

function begin() {
  const early = begun ? {} : codes; // touched before the server had answered for the first time
  codes = { ...props.start.codes, ...early };
  begun = true;
  if (Object.keys(early).length) follow(Object.keys(early));
}

// --- showing -------------------------------------------------------------------------------------------------------
function showPictures(pictures) { keys.forEach((key, digit) => ClassicNets.paint(key.firstChild, pictures[digit])); }

function show() {
  const chosen = props.value, { categories, purities } = props.trained;
  keys.forEach((key, digit) => {
    key.setAttribute('aria-checked', digit === chosen);
    key.tabIndex = digit === chosen ? 0 : -1;
    key.querySelector('small').textContent = purities ? `${Math.floor(purities[digit])} %` : '';
    key.setAttribute('aria-label', purities ? `${digit}, category ${categories[digit]}, ${purities[digit].toFixed(1)} percent pure` : digit);
  });
  $('.cn-became').innerHTML = purities
    ? `Category ${categories[chosen]} became <b>${chosen}</b>: a judge trained on labels reads <span class="cn-num">${purities[chosen].toFixed(1)} %</span> of its pictures so.` : '';
}

watch('value', show);
watch('trained', () => { show(); showPictures(props.trained.digits); });
watch('start', begin);
show();
