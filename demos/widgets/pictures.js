// A picture: a ready one by its name, or one of the visitor's own as a data: address. Uploaded, pasted or taken, the browser
// decodes, turns and shrinks it.
const $ = (selector) => element.querySelector(selector);
const camera = $('.cn-camera'), buttons = new Map();
let own; // the visitor's own picture

const choose = (value) => { if (live) closeCamera(); props.value = value; $('.cn-error').textContent = ''; trigger('input'); show(); };

function fill(button, image) { button.replaceChildren(Object.assign(new Image(), { src: image, alt: '' })); }

function add({ name, title, image, later }) {
  const button = ClassicNets.make('button', { role: 'radio', title, ariaLabel: title });
  if (image) fill(button, image);
  else if (later) button.className = 'cn-later';
  else button.textContent = title;
  button.addEventListener('click', () => choose(name));
  $('.cn-thumbs').append(button);
  buttons.set(name, button);
}

function show() {
  if (live) return;
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
if (props.pastes) {
  document.addEventListener('paste', (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith('image/'));
    if (file && element.offsetParent) take(file);
  });
}

// --- the camera ----------------------------------------------------------------------------------------------------
const PATIENCE_MS = 2000; // for the answer to a frame
let opening = false, live = false, waiting = 0;
const say = (what, text) => { const button = $(`[data-do=${what}]`); if (button) button.textContent = text; };
const taken = () => shrunk(camera, camera.videoWidth, camera.videoHeight);

async function openCamera() {
  if (opening || camera.srcObject) return Boolean(camera.srcObject);
  opening = true;
  try { camera.srcObject = await navigator.mediaDevices.getUserMedia({ video: true }); } catch {
    $('.cn-error').innerHTML = '<b>No camera.</b> There is none, or the browser was told not to lend it.';
    return false;
  } finally { opening = false; }
  camera.srcObject.getTracks().forEach((track) => track.addEventListener('ended', closeCamera));
  camera.hidden = false;
  await camera.play();
  return true;
}
function closeCamera() {
  clearTimeout(waiting);
  camera.srcObject?.getTracks().forEach((track) => track.stop());
  camera.srcObject = null;
  camera.hidden = true;
  live = false;
  say('camera', 'Camera');
  say('stream', 'Live');
}
/** The last picture before the camera closes, to keep. */
function keep() {
  const last = camera.videoWidth ? taken() : null; // it may not have begun to play
  closeCamera();
  if (last) choose(last);
}
$('[data-do=camera]').addEventListener('click', async () => {
  if (camera.srcObject) keep();
  else if (await openCamera()) say('camera', 'Take it');
});

/** Live: the next frame is taken when the last one has been answered, or is given up; those in between are dropped. */
function follow() {
  clearTimeout(waiting);
  if (!live) return;
  if (!element.offsetParent) { closeCamera(); return; } // the visitor has left the tab
  waiting = setTimeout(follow, PATIENCE_MS);
  if (!camera.videoWidth) return;
  props.value = taken();
  trigger('input');
}
if (props.streams) {
  $('[data-do=stream]').addEventListener('click', async () => {
    if (live) { keep(); return; }
    if (!await openCamera()) return;
    live = true;
    say('stream', 'Stop');
    follow();
  });
  ClassicNets.heed(element, ({ answered }) => { if (answered && live) requestAnimationFrame(follow); });
}

/** Pictures that the server draws when somebody looks. */
async function draw() {
  const answer = await ClassicNets.ask(element, server.drawn, {});
  Object.entries(answer?.images ?? {}).forEach(([name, image]) => fill(buttons.get(name), image));
}

// Another widget of the tab may want a picture shown.
ClassicNets.heed(element, ({ wanted }) => { if (wanted?.[props.shares]) choose(wanted[props.shares]); });

props.ready.forEach(add);
if (props.ready.some(({ later }) => later)) draw();
watch('value', show);
show();
