// Ten capsule lengths as bars; a press chooses the capsule to decode. Its value is that digit, or null for the longest.
const $ = (selector) => element.querySelector(selector);
const bars = Array.from({ length: 10 }, (_, digit) => {
  const bar = ClassicNets.make('button', { className: 'cn-bar', role: 'radio' });
  bar.innerHTML = `<span class="cn-num">${digit}</span><span class="cn-track"><i class="cn-fill"></i></span><span class="cn-num cn-value"></span>`;
  bar.addEventListener('click', () => choose(digit));
  $('.cn-bars').append(bar);
  return bar;
});

// Gradio shows a widget its null as ''.
const follows = () => !Number.isInteger(props.value);

function choose(digit) { props.value = digit; trigger('input'); show(); }

$('[data-do=longest]').addEventListener('click', () => choose(null));
ClassicNets.arrows($('.cn-bars'), (right, down) => {
  const next = (bars.indexOf(document.activeElement) + right + down + 10) % 10;
  bars[next].focus();
  choose(next);
});

function show() {
  const { lengths, meant, decoded, reconstruction, error } = props.reading;
  const order = lengths ? [...lengths.keys()].sort((a, b) => lengths[b] - lengths[a]) : [];
  const chosen = follows() ? order[0] : props.value;
  bars.forEach((bar, digit) => {
    const length = lengths ? lengths[digit] : 0, place = order.indexOf(digit);
    bar.querySelector('.cn-fill').style.width = `${100 * length}%`;
    bar.querySelector('.cn-value').textContent = lengths ? length.toFixed(2) + (['\u00a01st', '\u00a02nd'][place] ?? '') : '';
    bar.classList.toggle('cn-first', place === 0);
    bar.classList.toggle('cn-second', place === 1);
    bar.setAttribute('aria-checked', digit === chosen);
    bar.setAttribute('aria-label', `Decode capsule ${digit}, length ${length.toFixed(2)}`);
    bar.tabIndex = digit === (chosen ?? 0) ? 0 : -1;
  });
  $('[data-do=longest]').setAttribute('aria-disabled', follows());
  ClassicNets.paint($('.cn-decoded'), reconstruction);
  $('.cn-title').textContent = lengths ? `Reconstruction of ${decoded}` : 'Reconstruction';
  $('.cn-verdict').innerHTML = !lengths ? 'Ten lengths appear as you draw.'
    : `<b>${order[0]}</b> is longest${meant == null ? '' : meant === order[0] ? ', as meant' : `; it was meant as a <b>${meant}</b>`}. <b>${order[1]}</b>, hatched, is second. Lengths need not add up to 1.`;
  $('.cn-told').innerHTML = !lengths ? ''
    : `Decoded from capsule <b>${decoded}</b> alone. Squared error <span class="cn-num">${error.toFixed(1)}</span>.`;
  $('.cn-triple').innerHTML = !lengths ? ''
    : `(label, prediction, reconstruction) = <span class="cn-num">(${meant ?? '?'}, ${order[0]}, ${decoded})</span>`;
}
watch(['value', 'reading'], show);
show();
