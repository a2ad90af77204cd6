/**
 * Says on a page whose modules don't run why nothing can be checked: it was opened from a disk, or
 * the browser is too old to read them. It is a classic script, which browsers run all the same, in
 * the syntax of old ones.
 */

/** @param {string} reason a class of the page's sentences */
function say(reason) {
  for (const words of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(`.${reason}`)))
    words.hidden = false;
}

if (location.protocol === "file:") say("unserved");
addEventListener("error", ({ error }) => {
  if (error instanceof SyntaxError) say("outdated");
});
