// What the net was given, its classes and its blind spots.
const hear = ({ found }) => {
  if (!found) return;
  const { given, side, classes, blind } = found.seen, image = element.querySelector('img');
  if (image.src !== given) image.src = given;
  image.alt = 'The picture as the net was given it';
  element.querySelector('.cn-cap').innerHTML = `<b>What the net was given:</b> ${side} × ${side} px. It knows ${classes.length} classes: ${classes.join(', ')}. <b>Blind spots:</b> ${blind}`;
};
ClassicNets.attend(element, hear);
