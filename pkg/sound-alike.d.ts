// The types that importing the element adds to a page: its tag and its events. element.js declares
// the class.
import type { SoundalikeElement } from "./element.js";
import type { CatalogueAnswer, CheckerError, Progress, Report } from "./index.js";

export { SoundalikeElement } from "./element.js";

declare global {
  interface HTMLElementTagNameMap {
    "sound-alike": SoundalikeElement;
  }
  interface HTMLElementEventMap {
    "soundalike-progress": CustomEvent<Progress>;
    "soundalike-report": CustomEvent<Report>;
    "soundalike-catalogue": CustomEvent<CatalogueAnswer>;
    "soundalike-error": CustomEvent<CheckerError>;
  }
}
