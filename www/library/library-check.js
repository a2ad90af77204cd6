/**
 * Library check: one song against many. Runs the comparisons and keeps their results; draws
 * nothing.
 */

import { CheckerError, Song } from "../pkg/index.js";
import { strongerAnswer } from "../pkg/shared/format.js";
import { checker } from "../shared/checker.js";

/** @typedef {import("../pkg/index.js").Report} Report */
/** @typedef {import("../songs/choice.js").Origin} Origin */
/** @typedef {import("../songs/dropped-files.js").FoundFile} FoundFile */

/**
 * One reference, which is one line of the table.
 * @typedef {Object} Row
 * @property {number} index of the file
 * @property {File} file
 * @property {string} folder
 * @property {"waiting" | "working" | "done" | "failed"} state
 * @property {number} fraction of the work on it, 0..1
 * @property {Omit<Report, "matrix" | "model" | "backend"> | undefined} result without the parts
 *   that take much memory
 * @property {string} note a sentence: the error of the file, or that it equals another file
 */

/** The time of the next check is estimated from this number of recent checks. */
const TYPICAL_CHECKS = 6;

export class LibraryCheck {
  #onChange;
  /** @type {Map<string, string>} names of the files with this content */
  #seen = new Map();
  /** @type {number[]} */
  #typicalSecs = [];
  /** Checks that run at the same time. */
  #atOnce = 1;

  /**
   * @param {FoundFile[]} files
   * @param {Origin} origin
   * @param {(row: Row) => void} onChange called with a row that changed
   */
  constructor(files, origin, onChange) {
    this.#onChange = onChange;
    this.origin = origin;
    /** @type {Row[]} */
    this.rows = files.map(({ file, folder }, index) => ({
      index,
      file,
      folder,
      state: "waiting",
      fraction: 0,
      result: undefined,
      note: "",
    }));
  }

  /** Number of rows that are done or failed. */
  get ended() {
    return this.rows.filter(({ state }) => state === "done" || state === "failed").length;
  }

  /**
   * Estimated seconds for the remaining rows; `undefined` before the first check.
   * @returns {number | undefined}
   */
  get remainingSecs() {
    const recent = this.#typicalSecs.slice(-TYPICAL_CHECKS);
    if (recent.length === 0) return undefined;
    const left = this.rows.reduce(
      (sum, { state, fraction }) => sum + (state === "waiting" ? 1 : state === "working" ? 1 - fraction : 0),
      0,
    );
    return (left * recent.reduce((sum, secs) => sum + secs, 0)) / recent.length / this.#atOnce;
  }

  /**
   * Checks the rows that wait.
   * @param {Song} left
   * @param {AbortSignal} signal
   * @param {() => void} onLeftKnown called when the left song is analysed
   * @returns {Promise<void>} resolved when all rows have ended
   * @throws {CheckerError} an error that isn't of one reference: of the left song, the engine, the
   *   signal
   */
  async run(left, signal, onLeftKnown) {
    const ready = await checker();
    try {
      await ready.analyse(left, { signal });
    } catch (error) {
      if (error instanceof CheckerError) error.side ??= "left";
      throw error;
    }
    onLeftKnown();
    this.#atOnce = ready.concurrency;
    const waiting = this.rows.filter(({ state }) => state === "waiting");
    const work = async () => {
      for (let row = waiting.shift(); row && !signal.aborted; row = waiting.shift())
        await this.#check(ready, left, row, signal);
    };
    await Promise.all(Array.from({ length: this.#atOnce }, work));
  }

  /**
   * @param {import("../pkg/index.js").Checker} ready
   * @param {Song} left
   * @param {Row} row
   * @param {AbortSignal} signal
   */
  async #check(ready, left, row, signal) {
    const song = new Song(row.file);
    const startedAt = performance.now();
    // A song from the cache doesn't count for the estimated time of the next one.
    let isKnown = true;
    this.#change(row, { state: "working", fraction: 0 });
    try {
      const {
        score,
        verdict,
        passages,
        left: mine,
        right,
        composition,
      } = await ready.compare(left, song, {
        signal,
        onProgress: ({ stage, fraction }) => {
          if (stage === "decode") isKnown = false;
          this.#change(row, { fraction });
        },
      });
      if (!isKnown) this.#typicalSecs.push((performance.now() - startedAt) / 1000);
      const result = { score, verdict, passages, left: mine, right, composition };
      this.#change(row, { state: "done", fraction: 1, result, note: this.#sameFile(song, left) });
    } catch (cause) {
      const known = cause instanceof CheckerError ? cause : undefined;
      if (signal.aborted || (known && ["unsupported-browser", "weights-invalid"].includes(known.code))) {
        this.#change(row, { state: "waiting", fraction: 0 });
        throw cause;
      }
      if (!known) console.error(cause);
      // An error of the left song would repeat in every row.
      if (known?.side === "left") throw known;
      this.#change(row, {
        state: "failed",
        fraction: 1,
        note: known?.message ?? "Something went wrong with this song.",
      });
    } finally {
      song.free();
    }
  }

  /** @param {Song} song @param {Song} left */
  #sameFile({ sha256, name }, left) {
    if (!sha256) return "";
    const first = this.#seen.get(sha256);
    if (first === undefined) this.#seen.set(sha256, name);
    if (sha256 === left.sha256) return "The very same file as your song";
    return first === undefined ? "" : `The very same file as “${first}”`;
  }

  /** @param {Row} row @param {Partial<Row>} news */
  #change(row, news) {
    Object.assign(row, news);
    this.#onChange(row);
  }
}

/**
 * Order of the table: done (best first), then working and waiting (in the order of the files), then
 * failed.
 * @param {Row} a @param {Row} b
 */
export function byRank(a, b) {
  const places = { done: 0, working: 1, waiting: 1, failed: 2 };
  return (
    places[a.state] - places[b.state] ||
    scoreOf(b) - scoreOf(a) ||
    (b.result?.left.coverage ?? 0) - (a.result?.left.coverage ?? 0) ||
    a.index - b.index
  );
}

/** The score of the stronger answer. @param {Row} row */
function scoreOf({ result }) {
  return result ? strongerAnswer(result).score : 0;
}
