/**
 * Linking: the block, ribbon, list row and diagonal of one passage light up together. Every such element carries
 * `data-passage`; pointing at one or focusing it marks all of them `active` and the result `linked`.
 */

export const PASSAGE_COLOURS = 6;

/** @param {number} index */
export function colourClass(index) {
  return `c${index % PASSAGE_COLOURS}`;
}

/**
 * @param {HTMLElement} root the result section
 * @param {(index: number) => void} onActivate a passage was clicked in a picture
 */
export function linkPassages(root, onActivate) {
  /** @param {EventTarget | null} target @returns {string | undefined} */
  const passageOf = (target) =>
    target instanceof Element
      ? /** @type {HTMLElement | null} */ (target.closest("[data-passage]"))?.dataset["passage"]
      : undefined;

  /** @param {string | undefined} passage */
  const highlight = (passage) => {
    root.classList.toggle("linked", passage !== undefined);
    for (const element of root.querySelectorAll("[data-passage]")) {
      element.classList.toggle("active", passage !== undefined && /** @type {HTMLElement} */ (element).dataset["passage"] === passage);
    }
  };
  /** The keyboard's passage stays lit while the pointer is elsewhere. */
  const restore = () => highlight(passageOf(document.activeElement));

  root.addEventListener("pointerover", (event) => {
    const passage = passageOf(event.target);
    if (passage === undefined) restore();
    else highlight(passage);
  });
  root.addEventListener("pointerleave", restore);
  root.addEventListener("focusin", restore);
  root.addEventListener("focusout", () => highlight(undefined));
  root.addEventListener("click", (event) => {
    if (!(event.target instanceof Element) || !event.target.closest(".links-picture, .heat-box")) return;
    const passage = passageOf(event.target);
    if (passage !== undefined) onActivate(Number(passage));
  });
}
