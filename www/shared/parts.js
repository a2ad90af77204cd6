/** Parts of the page that most visits never need: each is loaded when it is used. */

import { CheckerError } from "../pkg/index.js";
import { byId } from "./dom.js";
import { ErrorView } from "./error-view.js";

/**
 * Uses a part of the page, or shows that it can't be loaded.
 * @template P
 * @param {() => Promise<P>} load an `import()`
 * @param {(part: P) => void} use
 */
export async function withPart(load, use) {
  const part = await load().catch((cause) => {
    console.error(cause);
    const words = "A part of this page can’t be loaded. Try again, or load the page anew.";
    new ErrorView(byId("error")).show(new CheckerError("crashed", words, { cause }));
  });
  if (part) use(part);
}
