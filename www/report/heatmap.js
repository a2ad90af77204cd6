/**
 * Heat map: the score matrix with the passages. x is the time in the left song, y the time in the
 * right one. A copy is a diagonal line; its slope is the tempo ratio.
 */

import { SLICE_MS, nextTask } from "../pkg/shared/tasks.js";
import { element } from "../shared/dom.js";
import { clock, preciseClock, scoreText, tickTimes } from "../shared/format.js";
import { svg } from "../shared/svg.js";
import { flag, keepFlagsApart } from "./flag.js";
import { colourClass } from "./linking.js";
import { kindClass } from "./shown-passages.js";
import { knotsOf, rightSecsAt } from "../shared/stretches.js";

/** @typedef {import("../pkg/index.js").Report} Report */
/** @import { Shown } from "./shown-passages.js" */
/**
 * @typedef {{ playheads(leftSecs: number | undefined, rightSecs: number | undefined): void }}
 *   HeatMap
 */

/**
 * Colours for scores 0, 1/4, 1/2, 3/4, 1. Lightness alone gives the order, so that it needs no
 * colour vision.
 */
const RAMPS = {
  dark: [
    [24, 27, 31],
    [62, 42, 96],
    [143, 58, 110],
    [226, 113, 84],
    [253, 226, 158],
  ],
  light: [
    [244, 242, 237],
    [240, 205, 171],
    [220, 123, 108],
    [135, 51, 108],
    [42, 20, 70],
  ],
};

/**
 * A larger bitmap shows no more detail. In longer songs a pixel is the maximum of several scores.
 */
const MAX_SIDE_PIXELS = 900;

/**
 * @param {HTMLElement} body
 * @param {Report} report
 * @param {Shown[]} passages
 * @returns {HeatMap}
 */
export function showHeatMap(body, report, passages) {
  const places = placesIn(report);
  const canvas = element("canvas", {});
  const scale = element("canvas", {});
  const points = [svg("path", { class: "heat-point-casing" }), svg("path", { class: "heat-point" })];
  const readout = element("span", {});
  const flags = passages.map((passage, index) =>
    flag(
      [index],
      passages,
      FLAG_PARTS.map((part) => passage.leftStartSecs + part * (passage.leftEndSecs - passage.leftStartSecs)).map(
        (leftSecs) => [places.x(leftSecs), places.y(rightSecsAt(passage, leftSecs))],
      ),
    ),
  );
  const box = element(
    "div",
    { class: "heat-box" },
    canvas,
    overlay(report, passages, [...diagonals(passages, places), ...points]),
    ...flags,
  );
  body.replaceChildren(frame(report, box), foot(readout, scale));
  keepFlagsApart(box);
  keepPainted(canvas, scale, report);
  readUnderPointer(box, readout, report);

  return {
    playheads(leftSecs, rightSecs) {
      const on = leftSecs !== undefined && rightSecs !== undefined;
      for (const point of points) {
        point.classList.toggle("on", on);
        if (on) point.setAttribute("d", `M${places.x(leftSecs)} 0V100M0 ${places.y(rightSecs)}H100`);
      }
      if (on) readout.textContent = `${preciseClock(leftSecs)} ↔ ${preciseClock(rightSecs)}`;
      else if (!box.matches(":hover")) readout.replaceChildren();
    },
  };
}

/** Parts of a diagonal at which its flag may be, the start before all others. */
const FLAG_PARTS = [0, 0.5, 1, 0.25, 0.75];

/**
 * Places of times in the picture, in per cent: `x` of the left song, `y` of the right one.
 * @typedef {{ x: (secs: number) => number, y: (secs: number) => number }} Places
 */

/** @param {Report} report @returns {Places} */
function placesIn({ left, right }) {
  return {
    x: (secs) => (secs / left.durationSecs) * 100,
    y: (secs) => 100 - (secs / right.durationSecs) * 100,
  };
}

/** The passages as lines, each with a casing. @param {Shown[]} passages @param {Places} places */
function diagonals(passages, { x, y }) {
  return passages.flatMap((passage, index) => {
    const knots = knotsOf(passage);
    const lines = knots.slice(1).map((knot, before) => {
      const from = knots[before] ?? knot;
      return {
        x1: x(from.leftSecs),
        x2: x(knot.leftSecs),
        y1: y(from.rightSecs),
        y2: y(knot.rightSecs),
        "data-passage": index,
      };
    });
    return [
      ...lines.map((ends) => svg("line", { ...ends, class: "diagonal-casing" })),
      ...lines.map((ends) => svg("line", { ...ends, class: `diagonal ${kindClass(passage)} ${colourClass(index)}` })),
    ];
  });
}

/**
 * The drawing over the scores.
 * @param {Report} report @param {Shown[]} passages @param {SVGElement[]} shapes
 */
function overlay({ left, right }, passages, shapes) {
  const count = `${passages.length} ${passages.length === 1 ? "diagonal" : "diagonals"}`;
  const label = `Score matrix of ${left.name} and ${right.name}: ${count}`;
  return svg("svg", { viewBox: "0 0 100 100", preserveAspectRatio: "none", role: "img", "aria-label": label }, shapes);
}

/** The picture between its axes. @param {Report} report @param {HTMLElement} box */
function frame({ left, right }, box) {
  return element(
    "div",
    { class: "heat-plot" },
    element("span", { class: "heat-y" }, right.name),
    yTicks(right.durationSecs),
    box,
    xTicks(left.durationSecs),
    element("span", { class: "heat-x" }, left.name),
  );
}

/** The line under the picture. @param {HTMLElement} readout @param {HTMLCanvasElement} scale */
function foot(readout, scale) {
  const legend = element("span", { class: "heat-scale" }, "0", scale, "1");
  return element("div", { class: "heat-readout" }, readout, legend);
}

/**
 * Paints the scores in the colours of the page, again whenever these change.
 * @param {HTMLCanvasElement} canvas
 * @param {HTMLCanvasElement} scale
 * @param {Report} report
 */
function keepPainted(canvas, scale, report) {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const paint = (isDark = dark.matches, atOnce = false) => {
    const colours = colourTable(isDark ? RAMPS.dark : RAMPS.light);
    paintScale(scale, colours);
    void paintMatrix(canvas, report, colours, atOnce);
  };
  paint();
  dark.onchange = () => paint();
  // Paper is light.
  globalThis.onbeforeprint = () => paint(false, true);
  globalThis.onafterprint = () => paint();
}

/**
 * Shows the times and the score under the pointer.
 * @param {HTMLElement} box
 * @param {HTMLElement} readout
 * @param {Report} report
 */
function readUnderPointer(box, readout, { left, right, matrix }) {
  box.onpointermove = (event) => {
    const bounds = box.getBoundingClientRect();
    const leftSecs = ((event.clientX - bounds.left) / bounds.width) * left.durationSecs;
    const rightSecs = (1 - (event.clientY - bounds.top) / bounds.height) * right.durationSecs;
    const row = cellAt(leftSecs, left.durationSecs, matrix.rows, matrix.hopSecs);
    const col = cellAt(rightSecs, right.durationSecs, matrix.cols, matrix.hopSecs);
    const score = matrix.scores[row * matrix.cols + col] ?? 0;
    readout.textContent = `${preciseClock(leftSecs)} ↔ ${preciseClock(rightSecs)}: ${scoreText(score)}`;
  };
  box.onpointerleave = () => readout.replaceChildren();
}

/**
 * Index of the segment at a time. Segments are `hopSecs` apart, and their centres are symmetric
 * about the middle of the song; times before the first or after the last segment belong to it.
 * @param {number} secs @param {number} durationSecs @param {number} count @param {number} hopSecs
 */
function cellAt(secs, durationSecs, count, hopSecs) {
  const firstEdgeSecs = (durationSecs - count * hopSecs) / 2;
  return Math.max(0, Math.min(count - 1, Math.floor((secs - firstEdgeSecs) / hopSecs)));
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Report} report
 * @param {Uint8ClampedArray} colours
 * @param {boolean} atOnce in this task, without a pause
 */
async function paintMatrix(canvas, { left, right, matrix }, colours, atOnce) {
  const { cols, scores, hopSecs } = matrix;
  const columns = pixelCells(left.durationSecs, matrix.rows, hopSecs);
  const lines = pixelCells(right.durationSecs, cols, hopSecs);
  const [width, height] = [columns.length, lines.length];
  canvas.width = width;
  canvas.height = height;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(width, height);
  // The first pause is before any pixel, so that the rest of the report is drawn first.
  let taskEnd = 0;
  for (const [pixelX, [rowFrom, rowTo]] of columns.entries()) {
    if (!atOnce && performance.now() > taskEnd) {
      await nextTask();
      taskEnd = performance.now() + SLICE_MS;
    }
    for (const [pixelY, [colFrom, colTo]] of lines.entries()) {
      let best = 0;
      for (let row = rowFrom; row < rowTo; row++) {
        for (let col = colFrom; col < colTo; col++) best = Math.max(best, scores[row * cols + col] ?? 0);
      }
      const colour = 3 * Math.round(Math.min(1, best) * 255);
      image.data.set(colours.subarray(colour, colour + 3), 4 * ((height - 1 - pixelY) * width + pixelX));
      image.data[4 * ((height - 1 - pixelY) * width + pixelX) + 3] = 255;
    }
  }
  context.putImageData(image, 0, 0);
}

/**
 * The segments of each pixel along one side, from the start of the song to its end: `[from, to)`,
 * at least one.
 * @param {number} durationSecs @param {number} count @param {number} hopSecs
 * @returns {[number, number][]}
 */
function pixelCells(durationSecs, count, hopSecs) {
  const pixels = Math.max(1, Math.min(MAX_SIDE_PIXELS, Math.round(durationSecs / hopSecs)));
  return Array.from({ length: pixels }, (_, pixel) => {
    const from = cellAt((pixel * durationSecs) / pixels + hopSecs / 2, durationSecs, count, hopSecs);
    const to = cellAt(((pixel + 1) * durationSecs) / pixels + hopSecs / 2, durationSecs, count, hopSecs);
    return [from, Math.max(to, from + 1)];
  });
}

/** @param {HTMLCanvasElement} canvas @param {Uint8ClampedArray} colours */
function paintScale(canvas, colours) {
  canvas.width = 256;
  canvas.height = 1;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(256, 1);
  for (let level = 0; level < 256; level++) {
    image.data.set(colours.subarray(3 * level, 3 * level + 3), 4 * level);
    image.data[4 * level + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

/** 256 colours as red, green, blue. @param {number[][]} ramp */
function colourTable(ramp) {
  const table = new Uint8ClampedArray(256 * 3);
  for (let level = 0; level < 256; level++) {
    const position = (level / 255) * (ramp.length - 1);
    const index = Math.min(ramp.length - 2, Math.floor(position));
    const [from, to] = [ramp[index], ramp[index + 1]];
    if (!from || !to) continue;
    for (let channel = 0; channel < 3; channel++) {
      table[3 * level + channel] =
        Number(from[channel]) + (Number(to[channel]) - Number(from[channel])) * (position - index);
    }
  }
  return table;
}

/** @param {number} durationSecs */
function xTicks(durationSecs) {
  const row = element("div", { class: "ticks heat-xticks" });
  for (const secs of tickTimes(durationSecs * 0.95, 5)) {
    const tick = element("span", {}, clock(secs));
    tick.style.left = `${(secs / durationSecs) * 100}%`;
    row.append(tick);
  }
  return row;
}

/** @param {number} durationSecs */
function yTicks(durationSecs) {
  const column = element("div", { class: "heat-yticks" });
  for (const secs of tickTimes(durationSecs * 0.95, 5)) {
    const tick = element("span", {}, clock(secs));
    tick.style.bottom = `${(secs / durationSecs) * 100}%`;
    if (secs === 0) tick.style.translate = "0 0";
    column.append(tick);
  }
  return column;
}
