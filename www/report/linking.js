/**
 * Linking: the block, ribbon, list row and diagonal of one passage light up together. Every such
 * element carries `data-passage`; if one is hovered, focused or playing, all of them get the class
 * `active`, and the result `linked`.
 */

/** @typedef {{ markPlaying(index: number | undefined): void, clear(): void }} Linking */

export const PASSAGE_COLOURS = 6;

/** @param {number} index */
export function colourClass(index) {
  return `c${index % PASSAGE_COLOURS}`;
}

/**
 * @param {HTMLElement} root the result section
 * @param {(index: number) => void} onActivate called when a passage is clicked in a picture
 * @returns {Linking}
 */
export function linkPassages(root, onActivate) {
  const focused = () => passageOf(document.activeElement);
  /** @type {string | undefined} */
  let pointed;
  /** @type {string | undefined} */
  let playing;
  /**
   * Highlighted while no passage is hovered: the one that was last focused or started to play.
   * @type {string | undefined}
   */
  let kept;

  root.addEventListener("pointerover", (event) => {
    pointed = passageOf(event.target);
    highlight(root, pointed ?? kept);
  });
  root.addEventListener("pointerleave", () => {
    pointed = undefined;
    highlight(root, kept);
  });
  root.addEventListener("focusin", () => {
    kept = focused() ?? playing;
    highlight(root, kept);
  });
  root.addEventListener("focusout", () => {
    kept = playing;
    highlight(root, pointed ?? kept);
  });
  root.addEventListener("click", (event) => {
    if (!(event.target instanceof Element) || !event.target.closest(".links-picture, .heat-box")) return;
    const passage = passageOf(event.target);
    if (passage !== undefined) onActivate(Number(passage));
  });
  return {
    markPlaying(index) {
      playing = index === undefined ? undefined : String(index);
      kept = playing ?? focused();
      highlight(root, pointed ?? kept);
    },
    clear() {
      pointed = playing = kept = undefined;
      highlight(root, undefined);
    },
  };
}

/** @param {EventTarget | null} target @returns {string | undefined} */
function passageOf(target) {
  if (!(target instanceof Element)) return undefined;
  return /** @type {HTMLElement | null} */ (target.closest("[data-passage]"))?.dataset["passage"];
}

/** @param {HTMLElement} root @param {string | undefined} passage */
function highlight(root, passage) {
  root.classList.toggle("linked", passage !== undefined);
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-passage]")))
    element.classList.toggle("active", passage !== undefined && element.dataset["passage"] === passage);
}
