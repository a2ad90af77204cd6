/** Report view: one report with its pictures, its passages to play, and its files to save. */

import { byId } from "../shared/dom.js";
import { semitoneWords } from "./words/changes.js";
import { isNothingToCompare } from "../pkg/shared/format.js";
import { showFacts } from "./facts.js";
import { scoreText } from "../shared/format.js";
import { withPart } from "../shared/parts.js";
import { showHeatMap } from "./heatmap.js";
import { linkPassages } from "./linking.js";
import { showPassages } from "./passages.js";
import { shownPassages } from "./shown-passages.js";
import { PassagePlayer } from "./player.js";
import { nextTask } from "../pkg/shared/tasks.js";
import { showTimeline } from "./timeline.js";
import { clearVerdict, showVerdict, spokenComposition, titleOf } from "./verdict.js";

/** @typedef {import("../pkg/index.js").Report} Report */
/** @typedef {import("../songs/choice.js").ChosenSong} ChosenSong */

const TITLE = document.title;

export class ReportView {
  #root = byId("result");
  #status;
  #playHint = byId("play-hint");
  /** @type {Report | undefined} */
  #report;
  /** @type {import("./shown-passages.js").Shown[]} */
  #shown = [];
  /** @type {import("./timeline.js").Timeline | undefined} */
  #timeline;
  /** @type {import("./heatmap.js").HeatMap | undefined} */
  #heatMap;
  /** @type {import("./passages.js").PassageList | undefined} */
  #passages;
  /** @type {number | undefined} */
  #playing;
  /** @type {import("./linking.js").Linking} */
  #linking;
  #player = new PassagePlayer(
    (leftSecs, rightSecs) => {
      this.#timeline?.playheads(leftSecs, rightSecs);
      this.#heatMap?.playheads(leftSecs, rightSecs);
    },
    (isPlayable) => {
      this.#markPlaying(undefined);
      if (!isPlayable)
        this.#playHint.textContent =
          "This passage can’t be played: was a file moved or changed since? Choose the songs again.";
    },
  );

  /** @param {HTMLElement} status announces the verdict to screen readers */
  constructor(status) {
    this.#status = status;
    this.#linking = linkPassages(this.#root, (index) => this.#togglePlaying(index));
    byId("save-json").addEventListener("click", () => this.#save(({ saveJson }) => saveJson));
    byId("save-csv").addEventListener("click", () => this.#save(({ saveCsv }) => saveCsv));
    byId("print").addEventListener("click", () => print());
    for (const input of byId("play-mode").querySelectorAll("input")) {
      input.addEventListener("change", () => {
        this.#showPlayHint();
        const index = this.#playing;
        if (index === undefined) return;
        this.#togglePlaying(index);
        this.#togglePlaying(index);
      });
    }
    // On paper details can't be opened.
    const closed = () => this.#root.querySelectorAll("details:not([open])");
    /** @type {Element[]} */
    let opened = [];
    addEventListener("beforeprint", () => {
      opened = [...closed()];
      for (const details of opened) details.setAttribute("open", "");
    });
    addEventListener("afterprint", () => opened.forEach((details) => details.removeAttribute("open")));
  }

  /**
   * Draws the report and then shows all of it. Each part has a task of its own: one task for all
   * would block the page.
   * @param {Report} report
   * @param {{ left: ChosenSong, right: ChosenSong }} songs
   * @param {{ elapsedSecs: number, signal: AbortSignal }} check `signal`: aborted when the report
   *   isn't needed any more
   */
  async show(report, { left, right }, { elapsedSecs, signal }) {
    const shown = shownPassages(report);
    const hasPassages = shown.length > 0;
    const isSameFile = left.song.sha256 !== undefined && left.song.sha256 === right.song.sha256;
    const parts = [
      () => {
        const body = /** @type {HTMLElement} */ (this.#root.querySelector(".links-body"));
        this.#timeline = showTimeline(body, report, shown);
      },
      () => this.#timeline?.drawWave("left", left.song.peaks),
      () => this.#timeline?.drawWave("right", right.song.peaks),
      () => {
        this.#heatMap = showHeatMap(byId("heatmap"), report, shown);
      },
      () => {
        this.#passages = showPassages(byId("passages"), shown, (index) => this.#togglePlaying(index));
        byId("passages-card").hidden = !hasPassages;
        byId("save-csv").hidden = !hasPassages;
        byId("columns").classList.toggle("no-passages", !hasPassages);
      },
      () =>
        showFacts(/** @type {HTMLElement} */ (byId("facts").querySelector("dl")), report, {
          left,
          right,
          checkedAt: new Date(),
        }),
    ];
    for (const draw of parts) {
      await nextTask();
      if (signal.aborted) return;
      draw();
    }
    await nextTask();
    if (signal.aborted) return;
    this.#report = report;
    this.#shown = shown;
    this.#root.hidden = false;
    document.body.classList.add("has-result");
    const expectedSecs = { left: left.expectedSecs, right: right.expectedSecs };
    showVerdict(this.#root, report, { elapsedSecs, isSameFile, expectedSecs });
    // The name of the tab, and of a printed file.
    const score = isNothingToCompare(report) ? "" : scoreText(report.score);
    document.title = `${score} ${report.left.name} – ${report.right.name} · Soundalike`.trim();
    this.#status.textContent = `${titleOf(report)}${score && `, score ${score}`}.${spokenComposition(report)}`;
    void this.#finish(report, left.file, right.file);
  }

  /**
   * Steps that can wait until the report is visible; focusing it needs its layout.
   * @param {Report} report @param {File} left @param {File} right
   */
  async #finish(report, left, right) {
    await nextTask();
    if (this.#report === report) this.#root.focus({ preventScroll: true });
    await nextTask();
    if (this.#report === report) this.#player.load(left, right);
  }

  /** @param {(module: typeof import("./save.js")) => (report: Report) => void} choose a format */
  #save(choose) {
    const report = this.#report;
    if (report)
      void withPart(
        () => import("./save.js"),
        (module) => choose(module)(report),
      );
  }

  clear() {
    this.stopPlaying();
    this.#linking.clear();
    this.#report = undefined;
    document.title = TITLE;
    this.#root.hidden = true;
    clearVerdict(this.#root);
    document.body.classList.remove("has-result");
  }

  get isPlaying() {
    return this.#playing !== undefined;
  }

  stopPlaying() {
    this.#player.stop();
    this.#markPlaying(undefined);
  }

  /** @param {number} index */
  #togglePlaying(index) {
    if (this.#playing === index) return this.stopPlaying();
    const passage = this.#shown[index];
    if (!passage || !this.#report) return;
    const inTurn = /** @type {HTMLInputElement} */ (byId("play-in-turn")).checked;
    this.#showPlayHint(inTurn ? 0 : passage.transpositionSemitones);
    void this.#player.play(passage, inTurn ? "in-turn" : "together");
    this.#markPlaying(index);
  }

  /** @param {number | undefined} index */
  #markPlaying(index) {
    this.#playing = index;
    this.#passages?.markPlaying(index);
    this.#linking.markPlaying(index);
  }

  /** @param {number} [transposition] that the other song is played without, in semitones */
  #showPlayHint(transposition = 0) {
    const chosen = /** @type {HTMLElement | null} */ (byId("play-mode").querySelector("input:checked"));
    const way = `${semitoneWords(transposition)} ${transposition > 0 ? "down" : "up"}`;
    const moved = transposition === 0 ? "" : ` It is moved ${way} for that, into your song’s key.`;
    this.#playHint.textContent = `${chosen?.dataset["hint"] ?? ""}${moved}`;
  }
}
