// One picture, and what Q reads in it or in what it was made from: ten bars for c1, a needle each for c2 and c3.
const $ = (selector) => element.querySelector(selector);
const bars = Array.from({ length: 10 }, (_, digit) => {
  const bar = ClassicNets.make('div', { className: 'cn-qbar' });
  bar.innerHTML = `<span class="cn-num">${digit}</span><div class="cn-track"><i class="cn-fill"></i></div><span class="cn-num"></span>`;
  $('.cn-q').append(bar);
  return bar;
});
const needles = ['c2', 'c3'].map((name) => {
  const needle = ClassicNets.make('div', { className: 'cn-needle' });
  needle.innerHTML = `<span class="cn-num">${name}</span><div class="cn-dial"><i class="cn-sent"></i><i></i></div><span class="cn-num"></span>`;
  $('.cn-needles').append(needle);
  return needle;
});

let codes = null;
const at = (style) => `${50 + (50 * Math.max(-props.limit, Math.min(props.limit, style))) / props.limit}%`;

function show({ picture, probabilities, styles, codes: asked = null } = {}) {
  codes = asked;
  ClassicNets.paint($('.cn-shown'), picture);
  const [first, second] = probabilities ? [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]) : [];
  const ranked = (digit) => (digit === first ? '\u00a01st' : digit === second && probabilities[digit] >= 0.01 ? '\u00a02nd' : '');
  bars.forEach((bar, digit) => {
    const share = probabilities?.[digit] ?? 0;
    bar.querySelector('.cn-fill').style.width = `${100 * share}%`;
    bar.lastChild.textContent = probabilities ? share.toFixed(2) + (ranked(digit) || '\u00a0\u00a0\u00a0\u00a0') : '';
    bar.classList.toggle('cn-first', digit === first);
    bar.classList.toggle('cn-second', ranked(digit).endsWith('2nd'));
    bar.classList.toggle('cn-sent', digit === codes?.digit);
  });
  needles.forEach((needle, i) => {
    const [sent, hand] = needle.querySelectorAll('i');
    hand.hidden = !styles;
    sent.hidden = !codes || props.shows === 'redrawn';
    if (styles) hand.style.left = at(styles[i]);
    if (codes) sent.style.left = at(codes.styles[i]);
    needle.lastChild.textContent = styles ? ClassicNets.signed(styles[i]) : '';
  });
  $('.cn-read h3 span').innerHTML = first === undefined ? '' : props.shows === 'redrawn' ? `<b>${first}</b>` : `sent ${codes.digit}, read <b>${first}</b>`;
  $('.cn-shown').setAttribute('aria-label', codes ? `${props.title}, from a ${codes.digit}` : props.title);
  $('.cn-bend p').innerHTML = codes ? `A <b>${codes.digit}</b> with Q's styles and the nearest of 100 noises, seed ${codes.noise}.` : 'Draw a digit for Q to read.';
  $('.cn-bend button').setAttribute('aria-disabled', !codes);
  $('.cn-q').setAttribute('aria-label', first === undefined ? 'Nothing read yet' : `Q reads ${first}, ${Math.round(100 * probabilities[first])} percent`);
}

// What G redrew can be handed to the other controls.
$('.cn-bend').hidden = props.shows !== 'redrawn';
$('.cn-bend button').addEventListener('click', () => { if (codes) ClassicNets.share(element, codes); });

ClassicNets.heed(element, ({ shown }) => { if (shown?.[props.shows]) show({ codes: shown.codes, ...shown[props.shows] }); });
watch('start', () => show(props.start));
show();
