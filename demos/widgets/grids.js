// Which grid's cells are shown among the candidates: one stride, or none for all three. Its value is the stride.
const buttons = [[null, 'All'], [8, '8 px'], [16, '16 px'], [32, '32 px']].map(([stride, text]) => {
  const button = ClassicNets.make('button', { className: 'cn-btn', role: 'radio', textContent: text });
  button.addEventListener('click', () => { props.value = stride && String(stride); trigger('input'); show(); ClassicNets.share(element, { view: 'candidates' }); });
  element.querySelector('.cn-grids').append(button);
  return { button, stride };
});
function show() {
  const value = props.value ? +props.value : null;
  buttons.forEach(({ button, stride }) => { button.setAttribute('aria-checked', stride === value); });
  ClassicNets.share(element, { grid: value });
}
watch('value', show);
show();
