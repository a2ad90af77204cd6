/** DOM: elements of the page, found and made. */

export { element } from "../pkg/shared/dom.js";

/** @template {HTMLElement} E @param {string} id @returns {E} */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return /** @type {E} */ (found);
}
