// Boxes in the page, so that a threshold moves without a server: the same steps as models/suppression.py, and how good
// boxes are. A test holds both against each other, and the measures against COCO's own tools.
window.ClassicBoxes = (() => {
  const SIGMA = 0.5; // of Soft-NMS
  const MOST = 1000; // boxes above the threshold

  // --- candidates -----------------------------------------------------------------------------
  const numbers = (Kind, base64) => new Kind(ClassicNets.bytes(base64).buffer);

  /** A detector's candidates as the server packs them. */
  function unpacked(told) {
    const boxes = numbers(Float32Array, told.boxes), objectness = numbers(Float32Array, told.objectness);
    const kinds = numbers(Uint8Array, told.kinds), chances = numbers(Float32Array, told.chances);
    const each = kinds.length / objectness.length;
    const best = Float32Array.from(objectness, (value, i) => Math.fround(value * chances[each * i]));
    return {
      length: objectness.length, objectness, best,
      score: (i) => best[i], kind: (i) => kinds[each * i], box: (i) => boxes.subarray(4 * i, 4 * i + 4),
      classes: (i) => Array.from({ length: each }, (_, k) => ({ kind: kinds[each * i + k], chance: chances[each * i + k] })),
    };
  }

  // --- geometry -------------------------------------------------------------------------------
  const area = ([left, top, right, bottom]) => Math.max(0, right - left) * Math.max(0, bottom - top);

  function iou(a, b) {
    const shared = Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0])) * Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));
    return shared / Math.max(1e-9, area(a) + area(b) - shared);
  }
  function diou(a, b) {
    const apart = ((a[0] + a[2] - b[0] - b[2]) ** 2 + (a[1] + a[3] - b[1] - b[3]) ** 2) / 4;
    const across = Math.max(a[2], b[2]) - Math.min(a[0], b[0]), down = Math.max(a[3], b[3]) - Math.min(a[1], b[1]);
    return iou(a, b) - apart / Math.max(1e-9, across ** 2 + down ** 2);
  }

  // --- grids ----------------------------------------------------------------------------------
  const STRIDES = [8, 16, 32];

  /** The three grids on a picture: a cell's candidate at a point, a candidate's cell, the lines between cells, the heat. */
  function grids({ side, width, height, scale: [across, down] }) {
    const all = STRIDES.map((stride, place) => ({
      stride, side: side / stride, start: STRIDES.slice(0, place).reduce((sum, other) => sum + (side / other) ** 2, 0),
      columns: Math.min(side / stride, Math.ceil((width * across) / stride)), rows: Math.min(side / stride, Math.ceil((height * down) / stride)),
      step: [stride / across, stride / down],
    }));
    const some = (stride) => (stride ? all.filter((grid) => grid.stride === stride) : all);
    /** The candidates of one grid, or of each, at a point of the picture. */
    const at = (stride, [x, y]) => some(stride).map(({ start, side: most, step }) => {
      const [column, row] = [x / step[0], y / step[1]].map((place) => Math.min(most - 1, Math.max(0, Math.floor(place))));
      return start + row * most + column;
    });
    /** A candidate's cell: its grid's stride and step, its column and row, its square in the picture. */
    function cell(index) {
      const { stride, start, side: most, step } = all.findLast(({ start: from }) => index >= from);
      const [column, row] = [(index - start) % most, Math.floor((index - start) / most)], [left, top] = [column * step[0], row * step[1]];
      return { stride, step, column, row, box: [left, top, left + step[0], top + step[1]] };
    }
    /** The lines of one grid, or of the widest, as a path. */
    function lines(stride) {
      const { columns, rows, step } = some(stride).at(-1), far = [columns * step[0], rows * step[1]];
      return Array.from({ length: columns + 1 }, (_, i) => `M${i * step[0]} 0V${far[1]}`).join('') + Array.from({ length: rows + 1 }, (_, i) => `M0 ${i * step[1]}H${far[0]}`).join('');
    }
    /** Paints objectness on a canvas, one pixel a cell of one grid, or the most of the three; its size in the picture. */
    function heat(canvas, objectness, stride) {
      const { columns, rows, step } = some(stride)[0];
      const most = Array.from({ length: columns * rows }, (_, i) => {
        const middle = [((i % columns) + 0.5) * step[0], (Math.floor(i / columns) + 0.5) * step[1]];
        return Math.max(...at(stride, middle).map((index) => objectness[index]));
      });
      ClassicNets.paintHeat(canvas, most, columns, 190);
      return [columns * step[0], rows * step[1]];
    }
    return { at, cell, lines, heat };
  }

  // --- on a picture and in words --------------------------------------------------------------
  /** A box as a path. */
  function outline(box) {
    const [left, top, right, bottom] = Array.from(box, (side) => side.toFixed(1));
    return `M${left} ${top}H${right}V${bottom}H${left}Z`;
  }
  /** Strokes a box on a canvas in the colour of its class, which the style has, on a dark casing. */
  function frame(context, [left, top, right, bottom], kind, style, width) {
    const colour = style.getPropertyValue(`--cn-b${kind % 10}`);
    for (const [strokeStyle, lineWidth] of [['#000', width + 3], [colour, width]]) {
      Object.assign(context, { strokeStyle, lineWidth });
      context.strokeRect(left, top, right - left, bottom - top);
    }
    return colour;
  }

  const mono = (value) => `<span class="cn-num">${value.toFixed(2)}</span>`;
  /** How a box is spoken of: its rank, its class, its score. */
  const called = ({ ranks, seen, candidates }, place, value = candidates.score(place)) => `<b>#${ranks.get(place)}</b> (${seen.classes[candidates.kind(place)]}, ${mono(value)})`;
  /** By how much a blow's boxes overlap, and the limit that this exceeds. */
  const exceeded = ({ method, overlap }, blow) => `${method === 'diou' ? 'DIoU' : 'IoU'} ${mono(blow.overlap)}${method === 'gaussian' ? '' : `, more than ${mono(overlap)}`}`;

  // --- from candidates to boxes ---------------------------------------------------------------
  /** The candidates whose score is at least that, the best first, so many at most. */
  function above(found, least) {
    const places = [];
    for (let i = 0; i < found.length; i++) if (found.best[i] >= least) places.push(i);
    return places.sort((a, b) => found.best[b] - found.best[a]).slice(0, MOST);
  }

  const weakened = { hard: () => 0, diou: () => 0, linear: (overlap) => 1 - overlap, gaussian: (overlap) => Math.exp(-(overlap ** 2) / SIGMA) };

  /** Suppression among candidates: who is kept with which score, and each blow that one box deals to another. */
  function suppress(found, places, { overlap, method, classwise, score: least }) {
    const measure = method === 'diou' ? diou : iou, enough = method === 'gaussian' ? 0 : overlap;
    let left = places.map((place) => ({ place, score: found.best[place], box: found.box(place), kind: found.kind(place) }));
    const kept = [], blows = [];
    while (left.length) {
      const best = left.reduce((one, other) => (other.score > one.score ? other : one)), gone = new Set([best]);
      kept.push({ place: best.place, score: best.score });
      const struck = left.filter((other) => other !== best && (!classwise || other.kind === best.kind))
        .map((other) => ({ other, over: measure(best.box, other.box) })).filter(({ over }) => over > enough)
        .sort((one, two) => two.other.score - one.other.score);
      for (const { other, over } of struck) {
        const before = other.score, after = before * weakened[method](over), removed = after < least || after === 0;
        blows.push({ by: best.place, box: other.place, overlap: over, before, after, removed });
        other.score = after;
        if (removed) gone.add(other);
      }
      left = left.filter((one) => !gone.has(one));
    }
    return { kept, blows };
  }

  /** Who still stands after so many blows, and who has gone, each in its first order. */
  function standing({ places, blows }, step) {
    const gone = new Set(blows.slice(0, step).filter(({ removed }) => removed).map(({ box }) => box));
    return { alive: places.filter((place) => !gone.has(place)), gone: places.filter((place) => gone.has(place)) };
  }

  // --- how good they are ----------------------------------------------------------------------
  /** Which of the found {box, kind, score} meet which true {box, kind}: the best first, each with the best true box left. */
  function matched(found, truth, overlap) {
    const free = new Set(truth);
    return [...found].sort((a, b) => b.score - a.score).map((one) => {
      let met = null, best = overlap;
      for (const other of free) {
        const over = other.kind === one.kind ? iou(one.box, other.box) : -1;
        if (over >= best) [met, best] = [other, over];
      }
      free.delete(met);
      return { ...one, met };
    });
  }

  /** Precision and recall after each of the matched, the best first. */
  function curve(matches, truths) {
    let hits = 0;
    return matches.map(({ met }, i) => { hits += met ? 1 : 0; return { precision: hits / (i + 1), recall: hits / truths }; });
  }

  /** COCO's average precision: the mean over 101 recalls of the best precision from there on (Lin et al. 2014). */
  function averagePrecision(found, truth, overlap) {
    const kinds = [...new Set(truth.map(({ kind }) => kind))];
    const each = kinds.map((kind) => {
      const mine = truth.filter((one) => one.kind === kind);
      const points = curve(matched(found.filter((one) => one.kind === kind), mine, overlap), mine.length);
      let total = 0;
      for (let i = 0; i <= 100; i++) total += Math.max(0, ...points.filter(({ recall }) => recall >= i / 100 - 1e-9).map(({ precision }) => precision));
      return total / 101;
    });
    return each.reduce((sum, one) => sum + one, 0) / each.length;
  }

  /** The mean of that over the overlaps 0.50, 0.55, … 0.95. */
  const meanPrecision = (found, truth) => Array.from({ length: 10 }, (_, i) => averagePrecision(found, truth, 0.5 + i / 20)).reduce((sum, one) => sum + one, 0) / 10;

  // --- what is taken home ---------------------------------------------------------------------
  /** The boxes that are left, as COCO writes them. */
  function coco({ seen, candidates, kept }) {
    const rounded = (value) => Math.round(100 * value) / 100;
    return {
      images: [{ id: 1, width: seen.width, height: seen.height, file_name: seen.caption }],
      categories: seen.classes.map((label, id) => ({ id, name: label })),
      annotations: kept.map(({ place, score }, i) => {
        const [left, top, right, bottom] = candidates.box(place);
        return {
          id: i + 1, image_id: 1, category_id: candidates.kind(place), bbox: [left, top, right - left, bottom - top].map(rounded),
          area: rounded((right - left) * (bottom - top)), iscrowd: 0, score: Math.round(1e4 * score) / 1e4,
        };
      }),
    };
  }

  /** A canvas with the picture and its boxes, at least 1,024 px long; the style has their colours and the font. */
  function framed({ seen, candidates, kept, picture }, style) {
    const scale = Math.max(1, 1024 / Math.max(seen.width, seen.height)), line = 24;
    const canvas = ClassicNets.make('canvas', { width: Math.round(seen.width * scale), height: Math.round(seen.height * scale) });
    const context = canvas.getContext('2d');
    context.drawImage(picture, 0, 0, canvas.width, canvas.height);
    context.font = `700 18px ${style.fontFamily}`;
    for (const { place, score } of kept) {
      const [left, top, right, bottom] = candidates.box(place).map((edge) => edge * scale), foot = Math.max(line, top);
      const text = `${seen.classes[candidates.kind(place)]} ${score.toFixed(2)}`, colour = frame(context, [left, top, right, bottom], candidates.kind(place), style, 3);
      context.fillStyle = '#000';
      context.fillRect(left, foot - line, context.measureText(text).width + 12, line);
      context.fillStyle = colour;
      context.fillText(text, left + 6, foot - 6);
    }
    return canvas;
  }

  return { unpacked, grids, outline, frame, mono, called, exceeded, coco, framed, area, iou, diou, above, suppress, standing, matched, curve, averagePrecision, meanPrecision };
})();
