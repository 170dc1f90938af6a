// Strokes on a square canvas: as text, three letters a point as in models/drawings.py, and as ink.
window.ClassicStrokes = (() => {
  const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

  /** The text of strokes, each of points [x, y] of nine bits. */
  const encode = (strokes) => strokes.map((stroke) => stroke.map(([x, y]) => {
    const number = x * 512 + y;
    return LETTERS[number >> 12] + LETTERS[(number >> 6) & 63] + LETTERS[number & 63];
  }).join('')).join('.');

  const decode = (text) => text.split('.').filter(Boolean).map((stroke) => (stroke.match(/.../g) ?? []).map((letters) => {
    const number = [...letters].reduce((sum, letter) => sum * 64 + LETTERS.indexOf(letter), 0);
    return [number >> 9, number & 511];
  }));

  /** Draws strokes white on black, `width` wide, on a canvas of that side that stands for `range` in either direction. */
  function sketch(canvas, strokes, side, range, width) {
    const context = Object.assign(canvas, { width: side, height: side }).getContext('2d');
    context.fillRect(0, 0, side, side);
    context.scale(side / range, side / range);
    Object.assign(context, { strokeStyle: '#fff', lineWidth: width, lineCap: 'round', lineJoin: 'round' });
    for (const stroke of strokes) {
      context.beginPath();
      stroke.forEach((point) => context.lineTo(...point));
      context.lineTo(stroke.at(-1)[0] + 0.01, stroke.at(-1)[1]); // or a dot would leave no ink
      context.stroke();
    }
  }

  return { encode, decode, sketch };
})();
