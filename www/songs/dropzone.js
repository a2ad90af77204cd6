/** Drop zone: takes songs by drop, click or keyboard and shows them. */

import { chosenFiles, droppedFiles } from "./dropped-files.js";
import { MUSIC_ACCEPT } from "../pkg/shared/music-files.js";
import { clock, fileSize } from "../shared/format.js";
import { trackWords } from "./track-words.js";

/** @typedef {import("./dropped-files.js").Found} Found */
/** @typedef {import("./dropped-files.js").FoundFile} FoundFile */
/** @typedef {import("../pkg/index.js").SoundTrack} SoundTrack */

/** Width of a bar of the waveform and the gap after it, in CSS pixels. */
const BAR_PIXELS = 3;

export class DropZone {
  #root;
  #input;
  #title;
  #name;
  #details;
  #tracks;
  #wave;
  #emptyTitle;
  #emptyName;
  #emptyDetails;
  /** @type {File | undefined} */
  #file;
  /** @type {Float32Array | undefined} */
  #peaks;

  /**
   * @param {HTMLElement} root a `.zone`
   * @param {(found: Found) => void} onFiles called with songs that were chosen or dropped here
   */
  constructor(root, onFiles) {
    this.#root = root;
    this.#input = /** @type {HTMLInputElement} */ (root.querySelector("label input"));
    this.#title = /** @type {HTMLElement} */ (root.querySelector(".zone-title-words"));
    this.#name = /** @type {HTMLElement} */ (root.querySelector(".zone-name"));
    this.#details = /** @type {HTMLElement} */ (root.querySelector(".zone-details"));
    this.#tracks = /** @type {HTMLSelectElement} */ (root.querySelector(".zone-tracks"));
    this.#wave = /** @type {HTMLCanvasElement} */ (root.querySelector(".zone-wave"));
    this.#emptyTitle = this.#title.textContent;
    this.#emptyName = [...this.#name.childNodes];
    this.#emptyDetails = [...this.#details.childNodes];

    this.#input.accept = MUSIC_ACCEPT;
    // A canvas adapts to neither the colour scheme nor the width.
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#drawWave());
    new ResizeObserver(() => this.#drawWave()).observe(this.#wave);
    for (const input of root.querySelectorAll("input")) {
      input.addEventListener("change", () => {
        if (input.files?.length) onFiles(chosenFiles(input));
      });
      // Choosing the same file again must count as a change.
      input.addEventListener("click", () => {
        input.value = "";
      });
      // Files that were chosen before this script ran.
      if (input.files?.length) queueMicrotask(() => onFiles(chosenFiles(input)));
    }
    const folder = root.querySelector(".folder-input");
    if (folder instanceof HTMLInputElement) {
      const words = root.querySelector(".folder-words");
      // Phones can't choose folders.
      if (!("webkitdirectory" in folder) || matchMedia("(pointer: coarse)").matches) words?.remove();
      words?.querySelector("button")?.addEventListener("click", () => folder.click());
    }
    for (const type of ["dragenter", "dragover"]) {
      root.addEventListener(type, (event) => {
        event.preventDefault();
        root.classList.add("over");
      });
    }
    for (const type of ["dragleave", "drop"]) root.addEventListener(type, () => root.classList.remove("over"));
    root.addEventListener("drop", (event) => {
      event.preventDefault();
      event.stopPropagation();
      void droppedFiles(event.dataTransfer).then(onFiles);
    });
  }

  /** @param {import("./choice.js").ChosenSong} song */
  show({ file, probe }) {
    this.#file = file;
    this.#fill(file.name, fileSize(file.size));
    void probe.then((secs) => {
      if (secs !== undefined && this.#file === file)
        this.#details.textContent = `${clock(secs)} · ${fileSize(file.size)}`;
    });
  }

  /**
   * Offers the sound tracks of the file, if there are several.
   * @param {SoundTrack[]} tracks
   * @param {(track: SoundTrack) => void} onChoose
   */
  offerTracks(tracks, onChoose) {
    const select = this.#tracks;
    select.hidden = tracks.length < 2;
    select.replaceChildren(
      ...tracks.map(
        (track) => new Option(trackWords(track, tracks.length), `${track.number}`, track.isDefault, track.isDefault),
      ),
    );
    select.onchange = () => {
      const track = tracks[select.selectedIndex];
      if (track) onChoose(track);
    };
  }

  /** @param {FoundFile[]} files */
  showMany(files) {
    this.#file = undefined;
    this.#tracks.hidden = true;
    const folders = new Set(files.map(({ folder }) => folder.split("/")[0]));
    const [folder] = folders;
    const bytes = files.reduce((sum, { file }) => sum + file.size, 0);
    const count = `${files.length} ${files.length === 1 ? "song" : "songs"}`;
    const names = files.slice(0, 12).map(({ file }) => file.name);
    this.#fill(
      folders.size === 1 && folder ? `${count} in ${folder}` : count,
      `${fileSize(bytes)} · ${names.join(", ")}${files.length > names.length ? " …" : ""}`,
    );
    this.#root.classList.add("many");
    this.#title.textContent = "The other songs";
  }

  clear() {
    this.#file = undefined;
    this.#tracks.hidden = true;
    for (const input of this.#root.querySelectorAll("input")) input.value = "";
    this.#root.classList.remove("filled", "bad", "many");
    this.#title.textContent = this.#emptyTitle;
    this.#name.replaceChildren(...this.#emptyName);
    this.#name.removeAttribute("title");
    this.#details.replaceChildren(...this.#emptyDetails);
    this.#peaks = undefined;
    this.#clearWave();
  }

  /** @param {string} name @param {string} details */
  #fill(name, details) {
    this.#root.classList.add("filled");
    this.#root.classList.remove("bad", "many");
    this.#title.textContent = this.#emptyTitle;
    this.#name.textContent = name;
    this.#name.title = name;
    this.#details.textContent = details;
    this.#peaks = undefined;
    this.#clearWave();
  }

  markBad() {
    this.#root.classList.add("bad");
  }

  focus() {
    this.#input.focus();
  }

  openDialogue() {
    this.#input.click();
  }

  /** @param {Float32Array} peaks @param {number} durationSecs */
  showWave(peaks, durationSecs) {
    this.#peaks = peaks;
    if (this.#file) this.#details.textContent = `${clock(durationSecs)} · ${fileSize(this.#file.size)}`;
    this.#drawWave();
  }

  #drawWave() {
    const peaks = this.#peaks;
    if (!peaks) return;
    // One canvas pixel for each device pixel: otherwise the bars would blur.
    this.#wave.width = Math.max(BAR_PIXELS, Math.round(this.#wave.clientWidth * devicePixelRatio));
    this.#wave.height = Math.round(this.#wave.clientHeight * devicePixelRatio);
    const context = this.#clearWave();
    const { width, height } = this.#wave;
    context.fillStyle = getComputedStyle(this.#wave).color;
    const loudest = peaks.reduce((most, peak) => Math.max(most, peak), 1e-6);
    const step = BAR_PIXELS * Math.max(1, Math.round(devicePixelRatio));
    const bars = Math.ceil(width / step);
    for (let bar = 0; bar < bars; bar++) {
      const stretch = peaks.subarray(
        Math.floor((bar * peaks.length) / bars),
        Math.ceil(((bar + 1) * peaks.length) / bars),
      );
      const tall = Math.max(2, (stretch.reduce((most, peak) => Math.max(most, peak), 0) / loudest) * height);
      context.fillRect(bar * step, (height - tall) / 2, (step * 2) / 3, tall);
    }
  }

  #clearWave() {
    const context = /** @type {CanvasRenderingContext2D} */ (this.#wave.getContext("2d"));
    context.clearRect(0, 0, this.#wave.width, this.#wave.height);
    return context;
  }
}
