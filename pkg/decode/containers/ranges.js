/** Ranges: parts of a file that are copied. */

/**
 * A gap between two ranges is copied if it is no larger. One more slice takes a third of a
 * millisecond, as long as copying the gap.
 */
const MAX_GAP_BYTES = 64 * 1024;

/**
 * Ranges of a file in order; ranges that are close to each other become one.
 * @param {{ offset: number, endOffset: number }[]} ranges
 */
export function merged(ranges) {
  const wider = /** @type {{ offset: number, endOffset: number }[]} */ ([]);
  for (const { offset, endOffset } of ranges) {
    const last = wider.at(-1);
    if (last && offset >= last.endOffset && offset <= last.endOffset + MAX_GAP_BYTES) last.endOffset = endOffset;
    else wider.push({ offset, endOffset });
  }
  return wider;
}
