/** A drop zone: takes one song by drop, click or keyboard and shows what it holds. */

import { probeDurationSecs } from "./pkg/index.js";
import { clock } from "./format.js";

export class DropZone {
  #root;
  #input;
  #name;
  #details;
  #wave;
  #emptyName;
  #emptyDetails;
  /** @type {File | undefined} */
  #file;

  /**
   * @param {HTMLElement} root a `.zone`
   * @param {(files: File[]) => void} onFiles one file or more, chosen or dropped here
   */
  constructor(root, onFiles) {
    this.#root = root;
    this.#input = /** @type {HTMLInputElement} */ (root.querySelector("input"));
    this.#name = /** @type {HTMLElement} */ (root.querySelector(".zone-name"));
    this.#details = /** @type {HTMLElement} */ (root.querySelector(".zone-details"));
    this.#wave = /** @type {HTMLCanvasElement} */ (root.querySelector(".zone-wave"));
    this.#emptyName = [...this.#name.childNodes];
    this.#emptyDetails = this.#details.textContent;

    this.#input.addEventListener("change", () => {
      const files = [...(this.#input.files ?? [])];
      if (files.length > 0) onFiles(files);
    });
    // Choosing the same file once more must count as a change.
    this.#input.addEventListener("click", () => {
      this.#input.value = "";
    });
    for (const type of ["dragenter", "dragover"]) {
      root.addEventListener(type, (event) => {
        event.preventDefault();
        root.classList.add("over");
      });
    }
    for (const type of ["dragleave", "drop"]) root.addEventListener(type, () => root.classList.remove("over"));
    root.addEventListener("drop", (event) => {
      const files = [...(event.dataTransfer?.files ?? [])];
      event.preventDefault();
      event.stopPropagation();
      if (files.length > 0) onFiles(files);
    });
  }

  /** @param {File} file */
  show(file) {
    this.#file = file;
    this.#root.classList.add("filled");
    this.#root.classList.remove("bad");
    this.#name.textContent = file.name;
    this.#name.title = file.name;
    this.#details.textContent = fileSize(file.size);
    this.#clearWave();
    void probeDurationSecs(file).then((secs) => {
      if (secs !== undefined && this.#file === file) this.#details.textContent = `${clock(secs)} · ${fileSize(file.size)}`;
    });
  }

  clear() {
    this.#file = undefined;
    this.#root.classList.remove("filled", "bad");
    this.#name.replaceChildren(...this.#emptyName);
    this.#name.removeAttribute("title");
    this.#details.textContent = this.#emptyDetails;
    this.#clearWave();
  }

  markBad() {
    this.#root.classList.add("bad");
  }

  focus() {
    this.#input.focus();
  }

  /** @param {Float32Array} peaks @param {number} durationSecs */
  showWave(peaks, durationSecs) {
    if (this.#file) this.#details.textContent = `${clock(durationSecs)} · ${fileSize(this.#file.size)}`;
    const context = this.#clearWave();
    const { width, height } = this.#wave;
    context.fillStyle = getComputedStyle(this.#wave).color;
    const loudest = peaks.reduce((most, peak) => Math.max(most, peak), 1e-6);
    const bars = width / 3;
    for (let bar = 0; bar < bars; bar++) {
      const stretch = peaks.subarray(Math.floor((bar * peaks.length) / bars), Math.ceil(((bar + 1) * peaks.length) / bars));
      const tall = Math.max(2, (stretch.reduce((most, peak) => Math.max(most, peak), 0) / loudest) * height);
      context.fillRect(bar * 3, (height - tall) / 2, 2, tall);
    }
  }

  #clearWave() {
    const context = /** @type {CanvasRenderingContext2D} */ (this.#wave.getContext("2d"));
    context.clearRect(0, 0, this.#wave.width, this.#wave.height);
    return context;
  }
}

/** @param {number} bytes */
function fileSize(bytes) {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
