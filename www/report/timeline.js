/**
 * Timelines: the waveforms of the two songs one above the other, with a playhead in each. A passage
 * is a block on both, and a ribbon between them.
 */

import { element } from "../shared/dom.js";
import { clock, tickTimes } from "../shared/format.js";
import { isNothingToCompare } from "../pkg/shared/format.js";
import { svg } from "../shared/svg.js";
import { flag, keepFlagsApart } from "./flag.js";
import { PASSAGE_COLOURS, colourClass } from "./linking.js";
import { kindClass } from "./shown-passages.js";
import { stretches } from "../shared/stretches.js";

/** @typedef {import("../pkg/index.js").Report} Report */
/** @import { Shown } from "./shown-passages.js" */

/**
 * @typedef {Object} Timeline
 * @property {(side: "left" | "right", peaks: Float32Array) => void} drawWave
 * @property {(leftSecs: number | undefined, rightSecs: number | undefined) => void} playheads
 */

/** Size in units of the picture, which is stretched to the width of the page. */
const WIDTH = 1000;
const HEIGHT = 300;
const WAVE_HEIGHT = 84;
const RIGHT_TOP = HEIGHT - WAVE_HEIGHT;
/** Smallest width of a block: a few seconds of an hour must stay visible and clickable. */
const NARROWEST = 6;
/** Opacity of a block, and of all blocks of one stretch together: the waveform shows through. */
const BLOCK_OPACITY = 0.3;
/** Opacity of a block of stripes, which leave gaps. */
const STRIPES_OPACITY = 0.7;
/** Parts of a block at which its flag may be, the middle before all others. */
const FLAG_PARTS = [0.5, 0.25, 0.75, 0, 1];
/** Width and height of the pattern of stripes. */
const STRIPES = { width: 14, height: 9 };

/**
 * @param {HTMLElement} body
 * @param {Report} report
 * @param {Shown[]} passages
 * @returns {Timeline} without the waveforms: one takes as long to draw as everything else
 */
export function showTimeline(body, report, passages) {
  const { left, right } = report;
  const waves = { left: svg("path", { class: "wave-left" }), right: svg("path", { class: "wave-right" }) };
  const playheads = { left: playhead(0), right: playhead(RIGHT_TOP) };
  const marks = passages.map((passage, index) => marksOf(passage, index, report));
  const drawing = svg(
    "svg",
    {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": altText(report, passages),
    },
    [
      ...stripes(passages),
      svg("rect", { class: "wave-base", width: WIDTH, height: WAVE_HEIGHT, rx: 3 }),
      svg("rect", { class: "wave-base", y: RIGHT_TOP, width: WIDTH, height: WAVE_HEIGHT, rx: 3 }),
      ...marks.map(({ ribbon }) => ribbon),
      waves.left,
      waves.right,
      // Of several uses of one stretch the first is on top.
      ...[...marks].reverse().flatMap(({ blocks }) => blocks),
      playheads.left,
      playheads.right,
    ],
  );
  const flags = [
    ...stretches(passages, "left").map((uses) => stretchFlag(uses, passages, marks, 0)),
    ...stretches(passages, "right").map((uses) => stretchFlag(uses, passages, marks, 1)),
  ];
  const notes = passages.length === 0 ? [nothingFound(report)] : [];
  const picture = element("div", { class: "links-picture" }, drawing, ...flags, ...notes);
  body.replaceChildren(
    songLine("left", left),
    ticks(left.durationSecs),
    picture,
    ticks(right.durationSecs),
    songLine("right", right),
    ...key(passages),
  );
  keepFlagsApart(picture);

  return {
    drawWave(side, peaks) {
      waves[side].setAttribute("d", wavePath(peaks, side === "left" ? 0 : RIGHT_TOP));
    },
    playheads(leftSecs, rightSecs) {
      movePlayhead(playheads.left, leftSecs, left.durationSecs);
      movePlayhead(playheads.right, rightSecs, right.durationSecs);
    },
  };
}

/**
 * The marks of a passage, of the left song and of the right one.
 * @typedef {Object} Marks
 * @property {SVGElement} ribbon between the waveforms
 * @property {[SVGElement, SVGElement]} blocks on the waveforms
 * @property {[[number, number], [number, number]]} ends of the blocks
 */

/**
 * @param {Shown} passage
 * @param {number} index
 * @param {Report} report
 * @returns {Marks}
 */
function marksOf(passage, index, { left, right }) {
  const a = [passage.leftStartSecs, passage.leftEndSecs].map((secs) => (secs / left.durationSecs) * WIDTH);
  const b = [passage.rightStartSecs, passage.rightEndSecs].map((secs) => (secs / right.durationSecs) * WIDTH);
  const marks = {
    // Played backwards, the ends cross.
    ribbon: svg("path", { d: ribbonPath(a, passage.reversed ? [...b].reverse() : b) }),
    blocks: /** @type {[SVGElement, SVGElement]} */ ([blockAt(a, 0), blockAt(b, RIGHT_TOP)]),
    ends: /** @type {Marks["ends"]} */ ([a, b]),
  };
  for (const mark of [marks.ribbon, ...marks.blocks]) {
    const kind = mark === marks.ribbon ? "ribbon" : "block";
    mark.setAttribute("class", `${kind} ${kindClass(passage)} ${colourClass(index)}`);
    mark.setAttribute("data-passage", String(index));
    if (passage.isComposed) mark.style.fill = `url(#${stripesId(index)})`;
  }
  return marks;
}

/**
 * The flag of the passages that use one stretch of a song, whose blocks become fainter together.
 * @param {number[]} uses indices of the passages
 * @param {Shown[]} passages
 * @param {Marks[]} marks of all passages
 * @param {0 | 1} side left or right
 */
function stretchFlag(uses, passages, marks, side) {
  const together = passages[Number(uses[0])]?.isComposed ? STRIPES_OPACITY : BLOCK_OPACITY;
  const opacity = String(1 - (1 - together) ** (1 / uses.length));
  for (const use of uses) marks[use]?.blocks[side].style.setProperty("--opacity", opacity);
  const [from, to] = marks[Number(uses[0])]?.ends[side] ?? [0, 0];
  const y = ((side === 0 ? WAVE_HEIGHT : RIGHT_TOP) / HEIGHT) * 100;
  return flag(
    uses,
    passages,
    FLAG_PARTS.map((part) => [((from + part * (to - from)) / WIDTH) * 100, y]),
  );
}

/** @param {number[]} ends @param {number} top */
function blockAt([from, to], top) {
  const width = Math.max(NARROWEST, Number(to) - Number(from));
  const x = Math.min(Number(from), WIDTH - width);
  return svg("rect", { x, y: top, width, height: WAVE_HEIGHT, rx: 3 });
}

/** The patterns of stripes that fill passages of compositions. @param {Shown[]} passages */
function stripes(passages) {
  const { width, height } = STRIPES;
  const colours = new Set(passages.flatMap(({ isComposed }, index) => (isComposed ? [index % PASSAGE_COLOURS] : [])));
  return [...colours].map((index) =>
    svg("pattern", { id: stripesId(index), class: colourClass(index), width, height, patternUnits: "userSpaceOnUse" }, [
      svg("path", { class: "stripe", d: `M0 ${height}L${width} 0` }),
    ]),
  );
}

/** @param {number} index of the passage */
function stripesId(index) {
  return `stripes-${index % PASSAGE_COLOURS}`;
}

/** What plain and striped passages are, if there are striped ones. @param {Shown[]} passages */
function key(passages) {
  if (!passages.some(({ isComposed }) => isComposed)) return [];
  const kinds = [false, true].flatMap((isComposed) => {
    const indices = passages.flatMap((passage, index) => (passage.isComposed === isComposed ? [index] : []));
    if (indices.length === 0) return [];
    const words = isComposed ? "striped: the melody or the chords agree" : "plain: the recordings agree";
    return [element("span", {}, flag(indices, passages, []), words)];
  });
  return [element("p", { class: "links-key" }, ...kinds)];
}

/** @param {Report} report @param {Shown[]} passages */
function altText({ left, right }, passages) {
  const parts = passages.map((passage) => {
    const more = [passage.what && `${passage.what}, ${passage.changes}`, passage.mix(namesOf({ left, right }))];
    const [leftTimes, rightTimes] = [
      `${clock(passage.leftStartSecs)} to ${clock(passage.leftEndSecs)} of ${left.name}`,
      `${clock(passage.rightStartSecs)} to ${clock(passage.rightEndSecs)} of ${right.name}`,
    ];
    const plays = passage.isComposed ? "and" : "plays at";
    return [`${passage.label}: ${leftTimes} ${plays} ${rightTimes}`, ...more.filter(Boolean)].join(", ");
  });
  return parts.length > 0 ? `Matching passages. ${parts.join("; ")}` : "No matching passages found";
}

/** @param {Pick<Report, "left" | "right">} report */
function namesOf({ left, right }) {
  return { left: left.name, right: right.name };
}

/** @param {number[]} a @param {number[]} b */
function ribbonPath([a0, a1], [b0, b1]) {
  const top = WAVE_HEIGHT;
  const middle = HEIGHT / 2;
  const [down, up] = [
    `${a0} ${middle} ${b0} ${middle} ${b0} ${RIGHT_TOP}`,
    `${b1} ${middle} ${a1} ${middle} ${a1} ${top}`,
  ];
  return `M${a0} ${top}C${down}H${b1}C${up}Z`;
}

/**
 * A closed outline that is symmetric about the middle.
 * @param {Float32Array} peaks @param {number} top
 */
function wavePath(peaks, top) {
  const middle = top + WAVE_HEIGHT / 2;
  const loudest = peaks.reduce((most, peak) => Math.max(most, peak), 1e-6);
  const points = Array.from(peaks, (peak, index) => {
    const tall = Math.max(0.6, (peak / loudest) * (WAVE_HEIGHT / 2 - 5));
    return { x: ((index + 0.5) / peaks.length) * WIDTH, tall };
  });
  const above = points.map(({ x, tall }) => `${x.toFixed(1)} ${(middle - tall).toFixed(1)}`);
  const below = points.reverse().map(({ x, tall }) => `${x.toFixed(1)} ${(middle + tall).toFixed(1)}`);
  return peaks.length > 0 ? `M${[...above, ...below].join("L")}Z` : "";
}

/** @param {number} top */
function playhead(top) {
  return svg("line", { class: "playhead", x1: 0, x2: 0, y1: top, y2: top + WAVE_HEIGHT });
}

/** @param {Element} line @param {number | undefined} secs @param {number} durationSecs */
function movePlayhead(line, secs, durationSecs) {
  line.classList.toggle("on", secs !== undefined);
  if (secs !== undefined) line.setAttribute("transform", `translate(${(secs / durationSecs) * WIDTH} 0)`);
}

/** @param {"left" | "right"} side @param {{ name: string, durationSecs: number }} song */
function songLine(side, { name, durationSecs }) {
  const title = element("b", { title: name }, name);
  return element("p", { class: `song-line ${side}` }, title, element("span", {}, clock(durationSecs)));
}

/** @param {number} durationSecs */
function ticks(durationSecs) {
  const row = element("div", { class: "ticks", "aria-hidden": "true" });
  for (const secs of tickTimes(durationSecs * 0.97, 8)) {
    const tick = element("span", {}, clock(secs));
    tick.style.left = `${(secs / durationSecs) * 100}%`;
    row.append(tick);
  }
  return row;
}

/** @param {Report} report */
function nothingFound(report) {
  const words = isNothingToCompare(report)
    ? "There is nothing to compare."
    : report.verdict === "different"
      ? "No passage of one song was found in the other."
      : "No single passage could be marked.";
  return element("p", { class: "nothing" }, words);
}
