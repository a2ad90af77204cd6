/** The library's view, loaded with the first library: most visits compare two songs. */

import { withPart } from "../shared/parts.js";

/** @typedef {import("./library-view.js").LibraryView} LibraryView */
/** @typedef {import("./library-check.js").Row} Row */

export class LateLibraryView {
  #status;
  #onOpen;
  /** @type {LibraryView | undefined} */
  #view;
  /** Calls that wait until the view is loaded. @type {((view: LibraryView) => void)[]} */
  #waiting = [];

  /**
   * @param {HTMLElement} status announces the progress to screen readers
   * @param {(row: Row) => void} onOpen called when the full report of a row is requested
   */
  constructor(status, onOpen) {
    this.#status = status;
    this.#onOpen = onOpen;
  }

  /**
   * Calls the view: at once if it is loaded, else once it is, in the order of the calls.
   * @param {(view: LibraryView) => void} call
   */
  use(call) {
    if (this.#view) return call(this.#view);
    if (this.#waiting.push(call) > 1) return;
    const loaded = withPart(
      () => import("./library-view.js"),
      ({ LibraryView }) => {
        const view = new LibraryView(this.#status, this.#onOpen);
        this.#view = view;
        for (const waiting of this.#waiting) waiting(view);
      },
    );
    // If it can't be loaded, the next call tries again.
    void loaded.then(() => (this.#waiting = []));
  }

  /** A view that isn't loaded yet draws all rows when it is shown. @param {Row} row */
  update(row) {
    this.#view?.update(row);
  }

  hide() {
    if (this.#view || this.#waiting.length > 0) this.use((view) => view.hide());
  }
}
