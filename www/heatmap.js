/**
 * Heat map: the score matrix, the left song along the width and the right one up the height, with the passages drawn in.
 * A copy is a diagonal line; its slope is the change of speed.
 */

import { clock, preciseClock, scoreText, tickTimes } from "./format.js";
import { colourClass } from "./linking.js";
import { svg } from "./svg.js";

/** @typedef {import("./pkg/index.js").Report} Report */
/** @typedef {{ playheads(leftSecs: number | undefined, rightSecs: number | undefined): void }} HeatMap */

/** Colours for scores 0, 1/4, 1/2, 3/4, 1: lightness alone carries the order, so that it needs no colour vision. */
const RAMPS = {
  dark: [[24, 27, 31], [62, 42, 96], [143, 58, 110], [226, 113, 84], [253, 226, 158]],
  light: [[244, 242, 237], [240, 205, 171], [220, 123, 108], [135, 51, 108], [42, 20, 70]],
};

/** A bitmap larger than this shows nothing more; a cell of it then is the best of several scores. */
const MAX_SIDE_PIXELS = 900;

const SLICE_MS = 10;

/**
 * @param {HTMLElement} body
 * @param {Report} report
 * @returns {HeatMap}
 */
export function showHeatMap(body, report) {
  const { left, right, passages, matrix } = report;
  const canvas = document.createElement("canvas");
  const scale = document.createElement("canvas");
  const point = svg("path", { class: "heat-point" });
  /** @param {number} secs */
  const x = (secs) => (secs / left.durationSecs) * 100;
  /** @param {number} secs */
  const y = (secs) => 100 - (secs / right.durationSecs) * 100;
  const lines = passages.flatMap((passage, index) => {
    const ends = {
      x1: x(passage.leftStartSecs), x2: x(passage.leftEndSecs),
      y1: y(passage.rightStartSecs), y2: y(passage.rightEndSecs),
      "data-passage": index,
    };
    return [svg("line", { ...ends, class: "diagonal-casing" }), svg("line", { ...ends, class: `diagonal ${colourClass(index)}` })];
  });
  const label = `Score matrix of ${left.name} and ${right.name}: ${passages.length} ${passages.length === 1 ? "diagonal" : "diagonals"}`;
  const overlay = svg("svg", { viewBox: "0 0 100 100", preserveAspectRatio: "none", role: "img", "aria-label": label }, [...lines, point]);

  const box = element("div", "heat-box");
  box.append(canvas, overlay);
  const plot = element("div", "heat-plot");
  plot.append(
    element("span", "heat-y", right.name),
    yTicks(right.durationSecs),
    box,
    xTicks(left.durationSecs),
    element("span", "heat-x", left.name),
  );
  const readout = element("span", "");
  const legend = element("span", "heat-scale");
  legend.append("0", scale, "1");
  const foot = element("div", "heat-readout");
  foot.append(readout, legend);
  body.replaceChildren(plot, foot);

  placeCanvas(canvas, report);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const paint = () => {
    const colours = colourTable(dark.matches ? RAMPS.dark : RAMPS.light);
    paintScale(scale, colours);
    void paintMatrix(canvas, matrix, colours);
  };
  paint();
  dark.onchange = paint;

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

  return {
    playheads(leftSecs, rightSecs) {
      const on = leftSecs !== undefined && rightSecs !== undefined;
      point.classList.toggle("on", on);
      if (on) point.setAttribute("d", `M${x(leftSecs)} 0V100M0 ${y(rightSecs)}H100`);
    },
  };
}

/** Segments stand `hopSecs` apart and their centres lie evenly about the middle of the song. */
/** @param {number} secs @param {number} durationSecs @param {number} count @param {number} hopSecs */
function cellAt(secs, durationSecs, count, hopSecs) {
  const firstEdgeSecs = (durationSecs - count * hopSecs) / 2;
  return Math.max(0, Math.min(count - 1, Math.floor((secs - firstEdgeSecs) / hopSecs)));
}

/** @param {HTMLCanvasElement} canvas @param {Report} report */
function placeCanvas(canvas, { left, right, matrix }) {
  const width = Math.min(1, (matrix.rows * matrix.hopSecs) / left.durationSecs) * 100;
  const height = Math.min(1, (matrix.cols * matrix.hopSecs) / right.durationSecs) * 100;
  canvas.style.width = `${width}%`;
  canvas.style.height = `${height}%`;
  canvas.style.left = `${(100 - width) / 2}%`;
  canvas.style.top = `${(100 - height) / 2}%`;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Report["matrix"]} matrix
 * @param {Uint8ClampedArray} colours
 */
async function paintMatrix(canvas, { rows, cols, scores }, colours) {
  const width = Math.min(rows, MAX_SIDE_PIXELS);
  const height = Math.min(cols, MAX_SIDE_PIXELS);
  canvas.width = width;
  canvas.height = height;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(width, height);
  let sliceEnd = performance.now() + SLICE_MS;
  for (let pixelX = 0; pixelX < width; pixelX++) {
    const rowFrom = Math.floor((pixelX * rows) / width);
    const rowTo = Math.floor(((pixelX + 1) * rows) / width);
    for (let pixelY = 0; pixelY < height; pixelY++) {
      const colFrom = Math.floor((pixelY * cols) / height);
      const colTo = Math.floor(((pixelY + 1) * cols) / height);
      let best = 0;
      for (let row = rowFrom; row < rowTo; row++) {
        for (let col = colFrom; col < colTo; col++) best = Math.max(best, scores[row * cols + col] ?? 0);
      }
      const colour = 3 * Math.round(Math.min(1, best) * 255);
      image.data.set(colours.subarray(colour, colour + 3), 4 * ((height - 1 - pixelY) * width + pixelX));
      image.data[4 * ((height - 1 - pixelY) * width + pixelX) + 3] = 255;
    }
    if (performance.now() > sliceEnd) {
      await new Promise((resolve) => setTimeout(resolve));
      sliceEnd = performance.now() + SLICE_MS;
    }
  }
  context.putImageData(image, 0, 0);
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

/** 256 colours, red, green and blue of each. @param {number[][]} ramp */
function colourTable(ramp) {
  const table = new Uint8ClampedArray(256 * 3);
  for (let level = 0; level < 256; level++) {
    const position = (level / 255) * (ramp.length - 1);
    const index = Math.min(ramp.length - 2, Math.floor(position));
    const [from, to] = [ramp[index], ramp[index + 1]];
    if (!from || !to) continue;
    for (let channel = 0; channel < 3; channel++) {
      table[3 * level + channel] = Number(from[channel]) + (Number(to[channel]) - Number(from[channel])) * (position - index);
    }
  }
  return table;
}

/** @param {number} durationSecs */
function xTicks(durationSecs) {
  const row = element("div", "ticks heat-xticks");
  for (const secs of tickTimes(durationSecs * 0.95, 5)) {
    const tick = element("span", "", clock(secs));
    tick.style.left = `${(secs / durationSecs) * 100}%`;
    row.append(tick);
  }
  return row;
}

/** @param {number} durationSecs */
function yTicks(durationSecs) {
  const column = element("div", "heat-yticks");
  for (const secs of tickTimes(durationSecs * 0.95, 5)) {
    const tick = element("span", "", clock(secs));
    tick.style.bottom = `${(secs / durationSecs) * 100}%`;
    if (secs === 0) tick.style.translate = "0 0";
    column.append(tick);
  }
  return column;
}

/** @param {string} name @param {string} className @param {string} [text] */
function element(name, className, text) {
  const made = document.createElement(name);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}
