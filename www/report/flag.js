/** Flag: the number of a passage where a picture shows it. */

import { element } from "../shared/dom.js";
import { colourClass } from "./linking.js";

/**
 * @param {number} index of the passage
 * @param {{ left: string, top: string }} place CSS lengths
 */
export function flag(index, { left, top }) {
  const attributes = { class: `flag ${colourClass(index)}`, "data-passage": String(index), "aria-hidden": "true" };
  const made = element("span", attributes, String(index + 1));
  made.style.left = left;
  made.style.top = top;
  return made;
}
