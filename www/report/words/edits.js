/** Edits: what was done between the passages of a song: pieces cut out, or put in another order. */

import { spansOf } from "../../shared/stretches.js";

/** @typedef {import("../../shared/stretches.js").Places} Places */

/** The ends of passages are found to about this. Shorter gaps are none. */
const EXACT_SECS = 0.3;
/** Passages that overlap by more repeat each other. At a joint the music may go on for a moment. */
const OVERLAP_SECS = 0.5;
/** At a cut the passages before and after it join in one of the songs, with a shorter gap. */
const JOINT_SECS = 1;

/** @typedef {Places & { speedRatio: number, share: number }} Passage */

/**
 * @param {Passage[]} all in the order of the left song
 * @returns {{ isReordered: boolean, cuts: { left: number, right: number } }} `cuts`: how often a
 *   piece is missing that the other song has
 */
export function editsOf(all) {
  const cuts = { left: 0, right: 0 };
  const passages = withoutRepeats(all);
  const spans = passages.map(spansOf);
  const inRight = spans.map(({ right }) => right).sort(([a], [b]) => a - b);
  const gaps = (/** @type {import("../../shared/stretches.js").Span[]} */ of) =>
    of.slice(1).map(([start], index) => start - Number(of[index]?.[1]));
  const gapsLeft = gaps(spans.map(({ left }) => left));
  const isReordered = inRight.some((span, index) => span !== spans[index]?.right);
  if (isReordered) return { isReordered, cuts };
  for (const [index, rightSecs] of gaps(inRight).entries()) {
    const leftSecs = Number(gapsLeft[index]);
    const surplusSecs = leftSecs - rightSecs * Number(passages[index]?.speedRatio);
    if (Math.min(leftSecs, rightSecs) > JOINT_SECS || Math.abs(surplusSecs) <= EXACT_SECS) continue;
    cuts[surplusSecs > 0 ? "right" : "left"]++;
  }
  return { isReordered, cuts };
}

/**
 * Passages that overlap repeat each other, which has no order. Of these the one with more of the
 * sound is kept, and of equals the longer one.
 * @param {Passage[]} passages
 */
function withoutRepeats(passages) {
  const quarters = (/** @type {Passage} */ { share }) => Math.round(share * 4);
  const secs = (/** @type {Passage} */ { leftStartSecs, leftEndSecs }) => leftEndSecs - leftStartSecs;
  const kept = /** @type {Passage[]} */ ([]);
  for (const passage of [...passages].sort((a, b) => quarters(b) - quarters(a) || secs(b) - secs(a)))
    if (!kept.some((other) => doOverlap(passage, other))) kept.push(passage);
  return passages.filter((passage) => kept.includes(passage));
}

/** Whether two passages overlap in one of the songs. @param {Places} one @param {Places} other */
function doOverlap(one, other) {
  const [a, b] = [spansOf(one), spansOf(other)];
  const overlap = (/** @type {"left" | "right"} */ side) =>
    Math.min(a[side][1], b[side][1]) - Math.max(a[side][0], b[side][0]) > OVERLAP_SECS;
  return overlap("left") || overlap("right");
}
