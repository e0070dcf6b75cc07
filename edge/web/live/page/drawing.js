// Draws a frame with its map: unpacks what the server sends, outlines the cells, labels the findings.

const RED = "#e81024", AMBER = "#ffc400", INK = "#101012", PAPER = "#ffffff";
const EDGE = 0.35; // where between a cell inside and one outside the outline runs

/** The parts of an answer: the values of the frame, its map (bytes) and its picture. */
export async function unpackFrame(buffer) {
  const length = new DataView(buffer).getUint32(0);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const cells = head.map ? head.map.rows * head.map.cols : 0;
  const map = new Uint8Array(buffer, 4 + length, cells);
  const jpeg = new Blob([new Uint8Array(buffer, 4 + length + cells)], { type: "image/jpeg" });
  return { ...head, cells: map, picture: await createImageBitmap(jpeg) };
}

/** Draw a frame as large as the canvas allows; returns px of the canvas per px of the frame. */
export function drawFrame(canvas, frame, withMap = true) {
  const ratio = window.devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * ratio);
  const height = Math.round(canvas.clientHeight * ratio);
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext("2d");
  const scale = Math.min(width / frame.width, height / frame.height);
  const left = (width - frame.width * scale) / 2, top = (height - frame.height * scale) / 2;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.fillStyle = INK;
  context.fillRect(0, 0, width, height);
  context.drawImage(frame.picture, left, top, frame.width * scale, frame.height * scale);
  if (withMap) {
    context.save();
    context.beginPath();
    context.rect(left, top, frame.width * scale, frame.height * scale);
    context.clip();
    context.translate(left, top);
    if (frame.map) outlineCells(context, frame, scale, ratio);
    labelFindings(context, frame, scale, ratio);
    context.restore();
  }
  return { scale, left, top, ratio };
}

function outlineCells(context, frame, scale, ratio) {
  const { rows, cols } = frame.map;
  const across = frame.map.width / cols * scale, down = frame.map.height / rows * scale;
  const least = Math.round(frame.threshold * 255);
  const inside = markFindings(frame, rows, cols);
  const thick = Math.max(2.5 * ratio, frame.width * scale / 320);
  for (const [wanted, colour] of [[0, AMBER], [1, RED]]) {
    const { edges, areas } = traceContours(rows, cols, across, down,
      (at) => frame.cells[at] >= least && inside[at] === wanted);
    if (!areas) continue;
    context.fillStyle = colour + "38";
    context.fill(areas);
    context.lineCap = "round";
    context.strokeStyle = INK;
    context.lineWidth = 1.8 * thick;
    context.stroke(edges);
    context.strokeStyle = colour;
    context.lineWidth = thick;
    context.stroke(edges);
  }
}

/** For each cell of the map 1 where a finding's box lies, else 0. */
function markFindings(frame, rows, cols) {
  const inside = new Uint8Array(rows * cols);
  const across = frame.map.width / cols, down = frame.map.height / rows;
  for (const { box: [left, top, right, bottom] } of frame.findings) {
    for (let row = Math.floor(top / down); row < Math.min(rows, Math.ceil(bottom / down)); row++) {
      const from = Math.floor(left / across), to = Math.min(cols, Math.ceil(right / across));
      inside.fill(1, row * cols + from, row * cols + to);
    }
  }
  return inside;
}

/** Marching squares over the cells' middles (Lorensen & Cline 1987, in the plane). */
function traceContours(rows, cols, across, down, holds) {
  const edges = new Path2D(), areas = new Path2D();
  const at = (row, col) =>
    row >= 0 && col >= 0 && row < rows && col < cols && holds(row * cols + col);
  let some = false;
  for (let row = -1; row < rows; row++) {
    for (let col = -1; col < cols; col++) {
      // The four middles around this corner of cells, clockwise from the upper left.
      const corners = [at(row, col), at(row, col + 1), at(row + 1, col + 1), at(row + 1, col)];
      const count = corners[0] + corners[1] + corners[2] + corners[3];
      if (!count) continue;
      some = true;
      const x = (col + 0.5) * across, y = (row + 0.5) * down;
      const middles = [[x, y], [x + across, y], [x + across, y + down], [x, y + down]];
      const ring = [], crossings = [];
      for (let one = 0; one < 4; one++) {
        const next = (one + 1) % 4, [a, b] = [middles[one], middles[next]];
        if (corners[one]) ring.push(a);
        if (corners[one] === corners[next]) continue;
        const share = corners[one] ? 1 - EDGE : EDGE;
        const point = [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share];
        ring.push(point);
        crossings.push(point);
      }
      ring.forEach((point, index) => (index ? areas.lineTo(...point) : areas.moveTo(...point)));
      areas.closePath();
      // Two opposite corners are joined, as in findings: the lines go around the empty ones.
      if (crossings.length === 4 && !corners[0]) crossings.push(crossings.shift());
      for (let one = 0; one < crossings.length; one += 2) {
        edges.moveTo(...crossings[one]);
        edges.lineTo(...crossings[one + 1]);
      }
    }
  }
  return { edges, areas: some ? areas : null };
}

function labelFindings(context, frame, scale, ratio) {
  const size = 15 * ratio, pad = 5 * ratio, high = size + 2 * pad;
  context.font = `700 ${size}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  const taken = [];
  for (const finding of frame.findings) {
    const [left, top, , bottom] = finding.box.map((value) => value * scale);
    const text = `${finding.number}  ${formatPercent(finding.probability)}`;
    const wide = context.measureText(text).width + 2 * pad;
    const x = Math.max(0, Math.min(left, frame.width * scale - wide));
    let y = top - high - 3 * ratio;
    if (y < 0) y = Math.min(bottom + 3 * ratio, frame.height * scale - high);
    while (taken.some(([a, b, w]) => x < a + w && a < x + wide && Math.abs(y - b) < high)) y += high + 1;
    taken.push([x, y, wide]);
    context.fillStyle = RED;
    context.beginPath();
    if (context.roundRect) context.roundRect(x, y, wide, high, 5 * ratio);
    else context.rect(x, y, wide, high);
    context.fill();
    context.fillStyle = PAPER;
    context.fillText(text, x + pad, y + high / 2 + 0.5 * ratio);
  }
}

/** A probability for people: never 100 %, which nothing is. */
export function formatPercent(probability) {
  return `${Math.min(Math.round(probability * 100), 99)} %`;
}
