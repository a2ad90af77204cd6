/** Arrays: copies of large arrays, made in slices so that the page stays responsive. */

import { Slice } from "./tasks.js";

/** Numbers that are copied before the time is checked. */
const COPIED_AT_ONCE = 2 ** 15;

/** A copy as an ordinary array. @param {Float64Array} numbers @returns {Promise<number[]>} */
export async function arrayOf(numbers) {
  const array = /** @type {number[]} */ (Array(numbers.length).fill(0));
  const slice = new Slice();
  for (let from = 0; from < array.length; from += COPIED_AT_ONCE) {
    numbers.subarray(from, from + COPIED_AT_ONCE).forEach((number, index) => (array[from + index] = number));
    if (slice.isOver) await slice.next();
  }
  return array;
}
