/**
 * Says on a page that was opened from a disk that it must be served. It is a classic script,
 * because browsers refuse modules there.
 */

if (location.protocol === "file:") {
  for (const words of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".unserved")))
    words.hidden = false;
}
