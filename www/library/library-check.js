/** Library check: one song against many. Runs the comparisons and knows what came of each; draws nothing. */

import { CheckerError, Song } from "../pkg/index.js";
import { checker } from "../songs/checker.js";

/** @typedef {import("../pkg/index.js").Report} Report */
/** @typedef {import("../songs/dropped-files.js").FoundFile} FoundFile */

/**
 * What the table says of one reference.
 * @typedef {Object} Row
 * @property {number} index its place among the files
 * @property {File} file
 * @property {string} folder
 * @property {"waiting" | "working" | "done" | "failed"} state
 * @property {number} fraction of the work on it, 0..1
 * @property {Pick<Report, "score" | "verdict" | "passages"> & { coverage: number } | undefined} result `coverage`: the share of
 *   your song that plays in this one
 * @property {string} note a sentence about it: what is wrong with the file, or that it is the same as another
 */

/**
 * How the files came.
 * @typedef {Object} Origin
 * @property {number} leftOut how many others came with them that are no music
 * @property {string | undefined} replaced the other song that made room for them, if they were given where your song goes
 */

/** One is decoded while the engine listens to another. */
const AT_ONCE = 2;
/** So many of the last checks tell how long the next one takes. */
const TYPICAL_CHECKS = 6;

export class LibraryCheck {
  #onChange;
  /** @type {Map<string, string>} names of the files with this content */
  #seen = new Map();
  /** @type {number[]} */
  #typicalSecs = [];

  /**
   * @param {FoundFile[]} files
   * @param {Origin} origin
   * @param {(row: Row) => void} onChange something about this row is new
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

  /** Rows whose answer is known, be it that they can't be checked. */
  get ended() {
    return this.rows.filter(({ state }) => state === "done" || state === "failed").length;
  }

  /** Seconds that the rest will take, as far as can be told. @returns {number | undefined} */
  get remainingSecs() {
    const recent = this.#typicalSecs.slice(-TYPICAL_CHECKS);
    if (recent.length === 0) return undefined;
    const left = this.rows.reduce(
      (sum, { state, fraction }) => sum + (state === "waiting" ? 1 : state === "working" ? 1 - fraction : 0),
      0,
    );
    return (left * recent.reduce((sum, secs) => sum + secs, 0)) / recent.length / AT_ONCE;
  }

  /**
   * Checks what has not been checked yet.
   * @param {Song} left
   * @param {AbortSignal} signal
   * @param {() => void} onLeftKnown the left song is analysed
   * @returns {Promise<void>} when all rows have ended
   * @throws {CheckerError} what concerns more than one reference: the left song, the engine, the signal
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
    const waiting = this.rows.filter(({ state }) => state === "waiting");
    const work = async () => {
      for (let row = waiting.shift(); row && !signal.aborted; row = waiting.shift())
        await this.#check(ready, left, row, signal);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
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
    // A song that was known before says nothing about how long the next one takes.
    let isKnown = true;
    this.#change(row, { state: "working", fraction: 0 });
    try {
      const {
        score,
        verdict,
        passages,
        left: summary,
      } = await ready.compare(left, song, {
        signal,
        onProgress: ({ stage, fraction }) => {
          if (stage === "decode") isKnown = false;
          this.#change(row, { fraction });
        },
      });
      if (!isKnown) this.#typicalSecs.push((performance.now() - startedAt) / 1000);
      const result = { score, verdict, passages, coverage: summary.coverage };
      this.#change(row, { state: "done", fraction: 1, result, note: this.#sameFile(song, left) });
    } catch (cause) {
      const known = cause instanceof CheckerError ? cause : undefined;
      if (signal.aborted || (known && ["unsupported-browser", "weights-invalid"].includes(known.code))) {
        this.#change(row, { state: "waiting", fraction: 0 });
        throw cause;
      }
      if (!known) console.error(cause);
      // With the left song wrong, every row would be.
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

/** Best first; then those at work and those that wait, in their own order; then those that can't be checked. @param {Row} a @param {Row} b */
export function byRank(a, b) {
  const places = { done: 0, working: 1, waiting: 1, failed: 2 };
  return (
    places[a.state] - places[b.state] ||
    (b.result?.score ?? 0) - (a.result?.score ?? 0) ||
    (b.result?.coverage ?? 0) - (a.result?.coverage ?? 0) ||
    a.index - b.index
  );
}
