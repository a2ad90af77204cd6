/** Error view: one sentence about what went wrong, and a button if another song is the remedy. */

import { CheckerError } from "../pkg/index.js";
import { element } from "./dom.js";

export class ErrorView {
  #root;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
  }

  /** Whatever else is shown stays. @param {CheckerError} error @param {() => void} [onAnother] asks for another song */
  show(error, onAnother) {
    const title =
      error.side !== undefined
        ? "This song can’t be checked. "
        : error.code === "no-audio"
          ? "Nothing to compare. "
          : "The check did not finish. ";
    this.#root.dataset["code"] = error.code;
    this.#root.replaceChildren(element("p", {}, element("strong", {}, title), error.message));
    if (onAnother) {
      const another = element("button", { type: "button" }, "Choose another file");
      another.addEventListener("click", onAnother);
      this.#root.append(another);
    }
    this.#root.hidden = false;
    this.#root.scrollIntoView({ block: "nearest" });
  }

  hide() {
    this.#root.hidden = true;
  }

  get button() {
    return this.#root.querySelector("button");
  }
}

/** @param {unknown} cause anything thrown; a fault of the page is logged */
export function knownError(cause) {
  if (cause instanceof CheckerError) return cause;
  console.error(cause);
  return new CheckerError("crashed", "Something went wrong. Try again.", { cause });
}
