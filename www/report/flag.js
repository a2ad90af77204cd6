/** Flag: the number of a passage in a picture, or of several at one place. */

import { element } from "../shared/dom.js";
import { colourClass } from "./linking.js";
import { kindClass } from "./shown-passages.js";

/** @import { Shown } from "./shown-passages.js" */

/** Most numbers on a flag. */
const MOST_NUMBERS = 3;

/** Least distance between two flags, in CSS pixels. */
const GAP = 2;

/**
 * Places of a flag in its picture, in per cent; the first that is free is taken.
 * @typedef {[x: number, y: number][]} Places
 */

/** @type {WeakMap<Element, Places>} */
const placesOf = new WeakMap();

/**
 * A flag of a passage in a picture, but never across the picture's edge.
 * @param {number[]} indices of passages of one kind; the flag has the colour of the first
 * @param {Shown[]} passages all of them
 * @param {Places} places
 */
export function flag(indices, passages, places) {
  const index = Number(indices[0]);
  const attributes = {
    class: `flag ${kindClass(/** @type {Shown} */ (passages[index]))} ${colourClass(index)}`,
    "data-passage": String(index),
    "aria-hidden": "true",
  };
  const made = element("span", attributes, numbers(indices, passages));
  placesOf.set(made, places);
  const [first] = places;
  if (first) move(made, first);
  return made;
}

/**
 * Moves flags that would touch others to another of their places, whenever the picture has another
 * size.
 * @param {HTMLElement} picture
 */
export function keepFlagsApart(picture) {
  new ResizeObserver(() => {
    /** @type {DOMRect[]} */
    const taken = [];
    for (const one of /** @type {NodeListOf<HTMLElement>} */ (picture.querySelectorAll(".flag"))) {
      const places = placesOf.get(one) ?? [];
      const isFree = places.some((place) => {
        move(one, place);
        const box = one.getBoundingClientRect();
        return taken.every((other) => areApart(box, other));
      });
      if (!isFree && places[0]) move(one, places[0]);
      taken.push(one.getBoundingClientRect());
    }
  }).observe(picture);
}

/** @param {DOMRect} one @param {DOMRect} other */
function areApart(one, other) {
  return (
    one.right + GAP <= other.left ||
    other.right + GAP <= one.left ||
    one.bottom + GAP <= other.top ||
    other.bottom + GAP <= one.top
  );
}

/** @param {HTMLElement} one @param {[x: number, y: number]} place */
function move(one, [x, y]) {
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
