// The scale from two points on the wall whose distance is known.

import { drawFrame } from "./drawing.js";
import { byId } from "./elements.js";

const NEAR_PX = 32; // how far from a point a finger still takes it
const LOUPE_PX = 110, LOUPE_ZOOM = 4;

/** Ask for two points in a frame that stands still, and their distance; then call `then`. */
export async function openScale(shown, then) {
  // A picture of its own: that of the moving view is given back when the next one comes.
  const frame = { ...shown, picture: await createImageBitmap(shown.picture) };
  const dialog = byId("scale-dialog"), canvas = byId("scale-picture");
  const millimetres = byId("scale-mm"), button = byId("scale-ok");
  const points = []; // in px of the frame
  let held = -1, place = null;
  const ended = new AbortController();
  const listen = (target, name, what) =>
    target.addEventListener(name, what, { signal: ended.signal });

  const paintPicture = () => {
    place = drawFrame(canvas, frame, false);
    const context = canvas.getContext("2d");
    const on = points.map(([x, y]) => [place.left + x * place.scale, place.top + y * place.scale]);
    if (on.length === 2) drawLine(context, on, place.ratio);
    on.forEach((point) => drawCross(context, point, place.ratio));
    if (held >= 0) drawLoupe(context, canvas, frame, points[held], on[held], place);
    button.disabled = points.length < 2;
  };
  const pointOf = (event) => {
    const box = canvas.getBoundingClientRect();
    const x = ((event.clientX - box.left) * place.ratio - place.left) / place.scale;
    const y = ((event.clientY - box.top) * place.ratio - place.top) / place.scale;
    return [Math.min(Math.max(x, 0), frame.width), Math.min(Math.max(y, 0), frame.height)];
  };
  listen(canvas, "pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    const point = pointOf(event);
    const away = points.map((one) =>
      Math.hypot(one[0] - point[0], one[1] - point[1]) * place.scale / place.ratio);
    held = away.findIndex((one) => one < NEAR_PX && one === Math.min(...away));
    if (held < 0 && points.length < 2) held = points.push(point) - 1;
    else if (held < 0) held = away[0] < away[1] ? 0 : 1;
    points[held] = point;
    paintPicture();
    event.preventDefault();
  });
  listen(canvas, "pointermove", (event) => {
    if (held < 0) return;
    points[held] = pointOf(event);
    paintPicture();
  });
  for (const name of ["pointerup", "pointercancel"]) {
    listen(canvas, name, () => {
      held = -1;
      paintPicture();
    });
  }
  listen(window, "resize", paintPicture);
  listen(dialog, "close", () => {
    ended.abort();
    frame.picture.close();
    if (dialog.returnValue === "ok" && points.length === 2) {
      then({
        one: points[0],
        other: points[1],
        frame_width: frame.width,
        frame_height: frame.height,
        distance_mm: Number(millimetres.value),
      });
    }
    dialog.returnValue = "";
  });
  millimetres.value = "";
  canvas.style.aspectRatio = `${frame.width} / ${frame.height}`;
  dialog.showModal();
  paintPicture();
}

function drawLine(context, [one, other], ratio) {
  for (const [colour, width] of [["#101012", 5], ["#ffc400", 2.5]]) {
    context.strokeStyle = colour;
    context.lineWidth = width * ratio;
    context.beginPath();
    context.moveTo(...one);
    context.lineTo(...other);
    context.stroke();
  }
}

function drawCross(context, [x, y], ratio) {
  for (const [colour, width] of [["#101012", 5], ["#ffc400", 2.5]]) {
    context.strokeStyle = colour;
    context.lineWidth = width * ratio;
    context.beginPath();
    context.arc(x, y, 12 * ratio, 0, 2 * Math.PI);
    context.moveTo(x - 5 * ratio, y);
    context.lineTo(x + 5 * ratio, y);
    context.moveTo(x, y - 5 * ratio);
    context.lineTo(x, y + 5 * ratio);
    context.stroke();
  }
}

/** What lies under the finger, enlarged, in the corner that the finger does not cover. */
function drawLoupe(context, canvas, frame, [x, y], [onX], place) {
  const size = LOUPE_PX * place.ratio;
  const left = onX < canvas.width / 2 ? canvas.width - size : 0;
  const shown = frame.picture.width / frame.width; // the picture is smaller than the frame
  const part = size / place.scale * shown / LOUPE_ZOOM;
  context.save();
  context.beginPath();
  context.rect(left, 0, size, size);
  context.clip();
  context.fillStyle = "#101012";
  context.fillRect(left, 0, size, size);
  context.drawImage(
    frame.picture, x * shown - part / 2, y * shown - part / 2, part, part, left, 0, size, size);
  drawCross(context, [left + size / 2, size / 2], place.ratio);
  context.restore();
  context.strokeStyle = "#ffffff";
  context.lineWidth = 3 * place.ratio;
  context.strokeRect(left, 0, size, size);
}
