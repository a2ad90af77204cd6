/** Stretches: passages that are uses of one stretch of a song, such as a loop. */

/**
 * @typedef {Object} Places
 * @property {number} leftStartSecs
 * @property {number} leftEndSecs
 * @property {number} rightStartSecs
 * @property {number} rightEndSecs
 */
/** @typedef {readonly [number, number]} Span start and end in seconds */

/**
 * A passage whose speed drifts has knots: its time map is straight between two of them.
 * @typedef {{ leftSecs: number, rightSecs: number }} Knot
 * @typedef {Places & { reversed?: boolean, knots?: Knot[] }} Mapped
 */

/** Spans of which this share is common to all are one stretch: the ends are not exact. */
const COMMON_SHARE = 0.5;

/** @param {Places} passage @returns {{ left: Span, right: Span }} its place in both songs */
export function spansOf({ leftStartSecs, leftEndSecs, rightStartSecs, rightEndSecs }) {
  return { left: [leftStartSecs, leftEndSecs], right: [rightStartSecs, rightEndSecs] };
}

/** The points of a passage's time map. @param {Mapped} passage */
export function knotsOf({ leftStartSecs, leftEndSecs, rightStartSecs, rightEndSecs, reversed, knots }) {
  if (knots && knots.length > 1) return knots;
  const [atStart, atEnd] = reversed ? [rightEndSecs, rightStartSecs] : [rightStartSecs, rightEndSecs];
  return [
    { leftSecs: leftStartSecs, rightSecs: atStart },
    { leftSecs: leftEndSecs, rightSecs: atEnd },
  ];
}

/**
 * The time in the right song at one of the left song.
 * @param {Mapped} passage
 * @param {number} leftSecs
 */
export function rightSecsAt(passage, leftSecs) {
  const knots = knotsOf(passage);
  const next = knots.findIndex((knot, index) => index > 0 && knot.leftSecs >= leftSecs);
  const [from, to] = next < 0 ? knots.slice(-2) : knots.slice(next - 1, next + 1);
  if (!from || !to) return passage.rightStartSecs;
  const part = (leftSecs - from.leftSecs) / (to.leftSecs - from.leftSecs);
  return from.rightSecs + part * (to.rightSecs - from.rightSecs);
}

/** @param {Span[]} spans */
export function areOneStretch(spans) {
  const common = Math.min(...spans.map(([, end]) => end)) - Math.max(...spans.map(([start]) => start));
  return common >= COMMON_SHARE * Math.max(...spans.map(([start, end]) => end - start));
}

/**
 * The passages by stretch of one song. A recording and a composition are never one stretch.
 * @param {(Places & { isComposed: boolean })[]} passages
 * @param {"left" | "right"} side
 * @returns {number[][]} indices of the passages of each stretch
 */
export function stretches(passages, side) {
  /** @type {number[][]} */
  const groups = [];
  const spans = passages.map((passage) => spansOf(passage)[side]);
  for (const [index, span] of spans.entries()) {
    const group = groups.find(
      ([first]) =>
        passages[Number(first)]?.isComposed === passages[index]?.isComposed &&
        areOneStretch([/** @type {Span} */ (spans[Number(first)]), span]),
    );
    if (group) group.push(index);
    else groups.push([index]);
  }
  return groups;
}
