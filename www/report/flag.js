/** Flag: the number of a passage in a picture, or of several at one place. */

import { element } from "../shared/dom.js";
import { colourClass } from "./linking.js";
import { kindClass } from "./shown-passages.js";

/** @import { Shown } from "./shown-passages.js" */

/** Most numbers on a flag. */
const MOST_NUMBERS = 3;

/**
 * A flag at a place of a picture, in per cent, but never across the picture's edge.
 * @param {number[]} indices of passages of one kind; the flag has the colour of the first
 * @param {Shown[]} passages all of them
 * @param {number} x @param {number} y
 */
export function flag(indices, passages, x, y) {
  const index = Number(indices[0]);
  const text = numbers(indices, passages);
  const attributes = {
    class: `flag ${kindClass(/** @type {Shown} */ (passages[index]))} ${colourClass(index)}`,
    "data-passage": String(index),
    "aria-hidden": "true",
  };
  const made = element("span", attributes, text);
  placeFlag(made, x, y);
  return made;
}

/**
 * Puts a flag at a place of its picture, in per cent.
 * @param {HTMLElement} one @param {number} x @param {number} y
 */
export function placeFlag(one, x, y) {
  // In em: the padding, and half of each digit.
  one.style.left = inside(x, Math.max(0.85, 0.4 + 0.33 * one.textContent.length));
  one.style.top = inside(y, 0.8);
}

/** @param {number} place in per cent @param {number} least from both edges, in em */
function inside(place, least) {
  return `clamp(${least}em, ${place}%, 100% - ${least}em)`;
}

/**
 * Short: "1–8", "1, 4, 7", "1, 4, 7 …".
 * @param {number[]} indices ascending
 * @param {Shown[]} passages all of them
 */
function numbers(indices, passages) {
  /** @type {number[][]} */
  const runs = [];
  for (const index of indices) {
    const run = runs.at(-1);
    if (run && run.at(-1) === index - 1) run.push(index);
    else runs.push([index]);
  }
  const words = runs.map((run) =>
    [...new Set([run[0], run.at(-1)])].map((index) => passages[Number(index)]?.label).join("–"),
  );
  return words.slice(0, MOST_NUMBERS).join(", ") + (words.length > MOST_NUMBERS ? " …" : "");
}
