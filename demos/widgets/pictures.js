// A picture: a ready one by its name, or one of the visitor's own as a data: address. Uploaded, pasted or taken, the browser
// decodes, turns and shrinks it.
const $ = (selector) => element.querySelector(selector);
const camera = $('.cn-camera'), buttons = new Map();
let own; // the visitor's own picture

const choose = (value) => { props.value = value; $('.cn-error').textContent = ''; trigger('input'); show(); };

function fill(button, image) { button.replaceChildren(Object.assign(new Image(), { src: image, alt: '' })); }

function add({ name, title, image, later }) {
  const button = Object.assign(document.createElement('button'), { type: 'button', title });
  button.setAttribute('role', 'radio');
  button.setAttribute('aria-label', title);
  if (image) fill(button, image);
  else if (later) button.className = 'cn-later';
  else button.textContent = title;
  button.addEventListener('click', () => choose(name));
  $('.cn-thumbs').append(button);
  buttons.set(name, button);
}

function show() {
  const chosen = props.value || null;
  if (chosen?.startsWith('data:') && !buttons.has(chosen)) {
    buttons.get(own)?.remove();
    own = chosen;
    add({ name: own, title: 'Your picture', image: own });
  }
  buttons.forEach((button, name) => button.setAttribute('aria-checked', name === chosen));
  ClassicNets.share(element, { [props.shares]: chosen });
}

// --- one's own -----------------------------------------------------------------------------------------------------
/** What an element or bitmap shows, as a JPEG's address. */
const shrunk = (picture, width, height) => ClassicNets.onWhite(picture, width, height, props.largest_side).toDataURL('image/jpeg', 0.93);

async function take(file) {
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (bitmap) choose(shrunk(bitmap, bitmap.width, bitmap.height));
  else $('.cn-error').innerHTML = '<b>No picture.</b> The browser cannot open this file. A PNG, JPEG or WebP would do.';
}

$('input[type=file]').addEventListener('change', (event) => { const [file] = event.target.files; event.target.value = ''; if (file) take(file); });
$('.cn-file').addEventListener('keydown', (event) => { if (event.key === 'Enter' || event.key === ' ') $('input[type=file]').click(); });
if (props.pastes) {
  document.addEventListener('paste', (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith('image/'));
    if (file && element.offsetParent) take(file);
  });
}

async function openCamera() {
  try { camera.srcObject = await navigator.mediaDevices.getUserMedia({ video: true }); } catch {
    $('.cn-error').innerHTML = '<b>No camera.</b> There is none, or the browser was told not to lend it.';
    return;
  }
  camera.hidden = false;
  await camera.play();
  $('[data-do=camera]').textContent = 'Take it';
}
function closeCamera() {
  if (!camera.videoWidth) return; // it has not begun to play
  choose(shrunk(camera, camera.videoWidth, camera.videoHeight));
  camera.srcObject.getTracks().forEach((track) => track.stop());
  camera.srcObject = null;
  camera.hidden = true;
  $('[data-do=camera]').textContent = 'Camera';
}
$('[data-do=camera]').addEventListener('click', () => (camera.srcObject ? closeCamera() : openCamera()));

/** Pictures that the server draws when somebody looks. */
async function draw() {
  const answer = await ClassicNets.ask(element, server.drawn({}));
  Object.entries(answer?.images ?? {}).forEach(([name, image]) => fill(buttons.get(name), image));
}

props.ready.forEach(add);
if (props.ready.some(({ later }) => later)) draw();
watch('value', show);
show();
