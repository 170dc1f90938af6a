// How much each style layer counts. Its value is the list of these weights.
const sliders = props.layers.map((name, i) => {
  const row = ClassicNets.make('label');
  row.innerHTML = `<span>${name}</span><input type="range" class="cn-slide" min="0" max="1" step="0.1" aria-label="Weight of ${name}"><span class="cn-num"></span>`;
  const slider = row.querySelector('input');
  slider.addEventListener('input', () => { props.value = props.value.with(i, +slider.value); trigger('input'); show(); });
  element.querySelector('.cn-weights > div').append(row);
  return slider;
});
function show() {
  sliders.forEach((slider, i) => {
    ClassicNets.put(slider, props.value[i]);
    slider.parentElement.classList.toggle('cn-on', +props.value[i] !== 1);
    slider.nextElementSibling.textContent = (+props.value[i]).toFixed(1);
  });
}
watch('value', show);
show();
