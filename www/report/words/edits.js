/** Edits: what was done between the passages of a song: pieces cut out, or put in another order. */

import { spansOf } from "../../shared/stretches.js";

/** @typedef {import("../../shared/stretches.js").Places} Places */

/** The ends of passages are found to about this. Shorter gaps and overlaps are none. */
const EXACT_SECS = 0.3;
/** At a cut the passages before and after it join in one of the songs, with a shorter gap. */
const JOINT_SECS = 1;

/**
 * @param {(Places & { speedRatio: number })[]} passages in the order of the left song
 * @returns {{ isReordered: boolean, cuts: { left: number, right: number } }} `cuts`: how often a
 *   piece is missing that the other song has
 */
export function editsOf(passages) {
  const cuts = { left: 0, right: 0 };
  const spans = passages.map(spansOf);
  const inRight = spans.map(({ right }) => right).sort(([a], [b]) => a - b);
  const gaps = (/** @type {import("../../shared/stretches.js").Span[]} */ of) =>
    of.slice(1).map(([start], index) => start - Number(of[index]?.[1]));
  const gapsLeft = gaps(spans.map(({ left }) => left));
  // Passages that overlap repeat each other, which has no order.
  if ([...gapsLeft, ...gaps(inRight)].some((secs) => secs < -EXACT_SECS)) return { isReordered: false, cuts };
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
