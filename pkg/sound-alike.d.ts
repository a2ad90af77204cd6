// What importing the element adds to the types of a page: its tag and its events. The class is declared by element.js.
import type { SoundalikeElement } from "./element.js";
import type { CheckerError, Progress, Report } from "./index.js";

export { SoundalikeElement } from "./element.js";

declare global {
  interface HTMLElementTagNameMap {
    "sound-alike": SoundalikeElement;
  }
  interface HTMLElementEventMap {
    "soundalike-progress": CustomEvent<Progress>;
    "soundalike-report": CustomEvent<Report>;
    "soundalike-error": CustomEvent<CheckerError>;
  }
}
