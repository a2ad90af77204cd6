/** Drop anywhere: songs dropped beside the zones. A zone keeps its drops to itself. */

import { droppedFiles } from "./dropped-files.js";

/** @param {(found: import("./dropped-files.js").Found) => void} onFiles */
export function acceptDrops(onFiles) {
  addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dragging");
  });
  addEventListener("dragleave", ({ relatedTarget }) => {
    if (!relatedTarget) document.body.classList.remove("dragging");
  });
  // In the capture phase, as a zone stops the event.
  addEventListener("drop", () => document.body.classList.remove("dragging"), { capture: true });
  addEventListener("drop", async (event) => {
    event.preventDefault();
    onFiles(await droppedFiles(event.dataTransfer));
  });
}
