/**
 * Soundalike: is this song a copy of that one, or too close to it, and where? It is answered in the
 * browser; no song leaves it.
 *
 * ```js
 * import { createChecker } from "soundalike";
 *
 * const checker = await createChecker();
 * const report = await checker.compare(fileA, fileB, {
 *   onProgress: ({ stage, fraction }) => console.log(stage, fraction),
 * });
 * console.log(report.verdict, report.score, report.passages);
 * checker.close();
 * ```
 */

import { isBytes } from "./decode/song-input.js";
import { Engine } from "./engine/engine.js";
import { CheckerError, throwIfAborted } from "./shared/errors.js";
import { CheckProgress } from "./engine/progress.js";
import { Song } from "./song/song.js";

export { SongCache } from "./song/cache.js";
export { CheckerError } from "./shared/errors.js";
export { probeDurationSecs } from "./decode/open-file.js";
export { soundTracks } from "./decode/sound-tracks.js";
export { Song } from "./song/song.js";

/** @import { BackendChoice } from "./engine/worker-host.js" */
/** @import { Side } from "./shared/errors.js" */
/** @import { ProgressListener } from "./engine/progress.js" */
/** @import { Backend } from "./engine/protocol.js" */

/** @typedef {import("./song/cache.js").SongStore} SongStore */
/** @typedef {import("./song/cache.js").SongCacheSize} SongCacheSize */
/** @typedef {import("./decode/song-input.js").SongInput} SongInput */
/** @typedef {import("./decode/sound-tracks.js").SoundTrack} SoundTrack */
/** @typedef {import("./shared/errors.js").ErrorCode} ErrorCode */
/** @typedef {import("./engine/progress.js").Progress} Progress */
/** @typedef {import("./engine/protocol.js").Report} Report */
/** @typedef {import("./catalogue/consent.js").CatalogueRequest} CatalogueRequest */
/** @typedef {import("./catalogue/find.js").CatalogueAnswer} CatalogueAnswer */
/** @typedef {import("./catalogue/find.js").CatalogueOptions} CatalogueOptions */
/** @typedef {import("./catalogue/find.js").FindOptions} FindOptions */
/** @typedef {import("./catalogue/find.js").FoundSong} FoundSong */

/**
 * @typedef {Object} CheckerOptions
 * @property {BackendChoice} [backend] `auto` (the default) uses WebGPU if there is a hardware
 *   adapter that passes a self-test, else the CPU; it moves to the CPU if WebGPU fails later. With
 *   `webgpu` and `cpu` nothing else is tried.
 * @property {string | URL | ArrayBuffer | Uint8Array} [weights] a weights file of your own: its
 *   address or its bytes
 * @property {string | URL} [assetsUrl] the folder with `worker.js` and `wasm/`, if they are not
 *   beside this module (a build by esbuild, a CDN of your own)
 * @property {number} [workers] most workers on the CPU, 1 or more; without it as many as the device
 *   has cores and memory for, 4 at most
 * @property {SongStore} [cache] where analysed files are stored, named by their content: a
 *   `SongCache`, or a store of your own
 * @property {CatalogueOptions} [catalogue] a service to be asked by `findInCatalogue`; without it
 *   nothing is ever sent
 * @property {ProgressListener} [onProgress]
 * @property {AbortSignal} [signal]
 */

/**
 * @typedef {Object} CheckOptions
 * @property {ProgressListener} [onProgress]
 * @property {AbortSignal} [signal] rejects the check with code `aborted`; the next check works as
 *   usual
 */

/**
 * Engines in use, by their options. Checkers with the same options share their workers and one
 * model.
 * @type {Map<string, { engine: Engine, users: number }>}
 */
const sharedEngines = new Map();

/** Songs that are lost with their worker are analysed again, this often in all. */
const MAX_ATTEMPTS = 3;

/** Compares songs. Made by `createChecker`. */
export class Checker {
  #engine;
  #cache;
  #catalogue;
  #onClose;
  #closing = new AbortController();

  /**
   * @internal
   * @param {Engine} engine
   * @param {{ cache: SongStore | undefined, catalogue: CatalogueOptions | undefined }} options
   * @param {() => void} onClose
   */
  constructor(engine, { cache, catalogue }, onClose) {
    this.#engine = engine;
    this.#cache = cache;
    this.#catalogue = catalogue;
    this.#onClose = onClose;
  }

  /** The backend in use; it changes from `webgpu` to `cpu` if WebGPU fails. @returns {Backend} */
  get backend() {
    return this.#engine.backend ?? "cpu";
  }

  /**
   * The number of checks at once that use the whole device. More may be begun, and wait.
   * @returns {number}
   */
  get concurrency() {
    return this.#engine.concurrency;
  }

  /**
   * Decodes and analyses a song, or takes it from the cache, for any number of comparisons.
   * @param {SongInput | Song} input
   * @param {CheckOptions} [options]
   * @returns {Promise<Song>} the same object if it is a `Song`
   * @throws {CheckerError}
   */
  async analyse(input, { onProgress, signal } = {}) {
    const check = linkedAbort(signal, this.#closing.signal);
    const progress = new CheckProgress(onProgress, 1);
    const song = input instanceof Song ? input : new Song(input);
    try {
      throwIfAborted(check.signal);
      await this.#engine.analyse(song, {
        onProgress: progress.listener(undefined),
        signal: check.signal,
        cache: this.#cache,
      });
      return song;
    } finally {
      check.unlink();
    }
  }

  /**
   * Restores a song from the bytes of `song.toBytes()`, without its audio.
   * @param {Uint8Array} bytes
   * @param {{ name?: string, input?: SongInput, signal?: AbortSignal }} [options] `name` in
   *   reports; `input`, the audio, if the song is to be analysed again after `song.free()`
   * @returns {Promise<Song | undefined>} `undefined` for bytes that are damaged, or belong to
   *   other weights or to a release that analyses audio otherwise: analyse the song again
   * @throws {CheckerError}
   */
  async restore(bytes, { name, input, signal } = {}) {
    const check = linkedAbort(signal, this.#closing.signal);
    try {
      throwIfAborted(check.signal);
      const song = new Song(input);
      if (name !== undefined) song.name = name;
      return (await this.#engine.restore(song, bytes, check.signal)) ? song : undefined;
    } finally {
      check.unlink();
    }
  }

  /**
   * Is the right song a copy of the left one, or too close to it, and where? An input is decoded
   * and analysed for this check only; a `Song` keeps its analysis for the next one.
   * @param {SongInput | Song} left
   * @param {SongInput | Song} right
   * @param {CheckOptions} [options]
   * @returns {Promise<Report>}
   * @throws {CheckerError}
   */
  async compare(left, right, { onProgress, signal } = {}) {
    const check = linkedAbort(signal, this.#closing.signal);
    const progress = new CheckProgress(onProgress);
    /** @type {Song[]} */
    const temporary = [];
    /** @type {Promise<unknown>[]} */
    const begun = [];
    /** @param {SongInput | Song} input @param {Side} side */
    const asSong = (input, side) =>
      withSide(side, () => {
        if (input instanceof Song) return input;
        const song = new Song(input);
        temporary.push(song);
        return song;
      });
    try {
      throwIfAborted(check.signal);
      const songs = { left: asSong(left, "left"), right: asSong(right, "right") };
      // If the worker is lost between the two steps (WebGPU failed, another checker cancelled),
      // both songs are analysed again.
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        await this.#analyseBoth(songs, progress, check.signal, begun);
        const report = await this.#engine.compare(songs.left, songs.right, {
          onProgress: progress.listener(undefined),
          signal: check.signal,
        });
        if (report) return report;
      }
      throw stoppedError();
    } finally {
      check.unlink();
      void Promise.allSettled(begun).then(() => temporary.forEach((song) => song.free()));
    }
  }

  /**
   * Which songs of the catalogue does a song copy? Numbers that describe its three-second pieces
   * are sent to the catalogue's service, after `agree` has answered `true`; never its sound or its
   * name. The songs that the service names are compared here, if it gives them.
   * @param {SongInput | Song} input
   * @param {FindOptions} [options]
   * @returns {Promise<CatalogueAnswer>}
   * @throws {CheckerError}
   */
  async findInCatalogue(input, options = {}) {
    const catalogue = this.#catalogue;
    if (!catalogue) throw new CheckerError("catalogue-failed", "This checker was made without a catalogue.");
    const check = linkedAbort(options.signal, this.#closing.signal);
    /** @param {Song} song @param {AbortSignal | undefined} signal */
    const query = async (song, signal) => {
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        const { onProgress } = options;
        await this.analyse(song, { ...(onProgress && { onProgress }), ...(signal && { signal }) });
        const numbers = await this.#engine.query(song, signal);
        if (numbers) return numbers;
      }
      throw stoppedError();
    };
    try {
      const { findInCatalogue } = await import("./catalogue/find.js");
      return await findInCatalogue({ checker: this, query }, catalogue, input, { ...options, signal: check.signal });
    } finally {
      check.unlink();
    }
  }

  /** Frees the workers and their memory. A check in progress is rejected with code `aborted`. */
  close() {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#onClose();
  }

  /**
   * @param {Record<Side, Song>} songs
   * @param {CheckProgress} progress
   * @param {AbortSignal} signal
   * @param {Promise<unknown>[]} begun
   */
  async #analyseBoth(songs, progress, signal, begun) {
    const giveUp = linkedAbort(signal);
    const analyses = /** @type {Side[]} */ (["left", "right"]).map((side) =>
      withSide(side, () =>
        this.#engine
          .analyse(songs[side], {
            onProgress: progress.listener(side),
            signal,
            abandoned: giveUp.signal,
            cache: this.#cache,
          })
          .then(() => progress.finish(side)),
      ),
    );
    begun.push(...analyses);
    try {
      await Promise.all(analyses);
    } finally {
      // If one song fails, the other need not be decoded.
      giveUp.abort();
    }
  }
}

/**
 * Loads and starts the engine. When the promise resolves, it is ready for the first `compare`.
 * @param {CheckerOptions} [options]
 * @returns {Promise<Checker>}
 * @throws {CheckerError}
 * @throws {TypeError} for a backend that doesn't exist
 */
export async function createChecker(options = {}) {
  // Frameworks pass null for what is absent.
  const { onProgress, signal } = options;
  const backend = options.backend ?? "auto";
  const weights = options.weights ?? undefined;
  const assetsUrl = options.assetsUrl ?? undefined;
  const cache = options.cache ?? undefined;
  const catalogue = options.catalogue ?? undefined;
  const workers = options.workers ?? undefined;
  if (!["auto", "webgpu", "cpu"].includes(backend)) {
    throw new TypeError(`There is no backend “${backend}”: choose auto, webgpu or cpu.`);
  }
  throwIfAborted(signal);
  const key = isBytes(weights) ? undefined : [backend, weights, assetsUrl, workers].join("\n");
  const shared = (key !== undefined && sharedEngines.get(key)) || {
    engine: new Engine({ backend, weights, assetsUrl, workers }),
    users: 0,
  };
  if (key !== undefined) sharedEngines.set(key, shared);
  shared.users++;
  const release = () => {
    shared.users--;
    if (shared.users > 0) return;
    shared.engine.close();
    if (key !== undefined) sharedEngines.delete(key);
  };
  try {
    const progress = new CheckProgress(onProgress, 0);
    progress.listener(undefined)("load", 0);
    await shared.engine.start(signal);
    progress.listener(undefined)("load", 1);
  } catch (error) {
    release();
    throw error;
  }
  return new Checker(shared.engine, { cache, catalogue }, release);
}

function stoppedError() {
  return new CheckerError("crashed", "The engine stopped again and again. Reload the page and try once more.");
}

/**
 * Does the work, and adds to its errors which of the two songs they are about.
 * @template T
 * @param {Side} side
 * @param {() => T} work
 * @returns {T}
 */
function withSide(side, work) {
  /** @param {unknown} error @returns {never} */
  const rethrow = (error) => {
    if (
      error instanceof CheckerError &&
      !["aborted", "crashed", "unsupported-browser", "weights-invalid"].includes(error.code)
    ) {
      error.side ??= side;
    }
    throw error;
  };
  try {
    const result = work();
    return result instanceof Promise ? /** @type {T} */ (result.catch(rethrow)) : result;
  } catch (error) {
    return rethrow(error);
  }
}

/**
 * A controller that aborts when one of the signals does, until `unlink`. (The oldest supported
 * browsers have no `AbortSignal.any`.)
 * @param {(AbortSignal | undefined)[]} signals
 */
function linkedAbort(...signals) {
  const controller = new AbortController();
  const onAbort = () => controller.abort();
  for (const signal of signals) {
    if (signal?.aborted) controller.abort(signal.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
  }
  return {
    signal: controller.signal,
    abort: onAbort,
    unlink: () => signals.forEach((signal) => signal?.removeEventListener("abort", onAbort)),
  };
}
