// Strokes on a canvas: as text, three letters a point as in models/drawings.py, as ink, and as the cells that a pen covers.
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

  /** Draws strokes in white, `width` wide, on a canvas of that side that stands for `range` in either direction. */
  function ink(canvas, strokes, side, range, width, ground = 'transparent') {
    const context = Object.assign(canvas, { width: side, height: side }).getContext('2d');
    context.fillStyle = ground;
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

  /** The cells of a grid whose middles lie within a pen's radius of the way from one point to the next, row by row. */
  function under([ax, ay], [bx, by], radius, columns, rows) {
    const length2 = (bx - ax) ** 2 + (by - ay) ** 2 || 1;
    return Array.from({ length: columns * rows }, (_, i) => i).filter((i) => {
      const x = (i % columns) + 0.5, y = Math.floor(i / columns) + 0.5;
      const part = Math.min(1, Math.max(0, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length2));
      return Math.hypot(x - ax - part * (bx - ax), y - ay - part * (by - ay)) <= radius;
    });
  }

  return { encode, decode, ink, under };
})();
