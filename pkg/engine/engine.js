/**
 * Engine: analyses and compares songs in a worker.
 *
 * A song comes into the worker by the cheapest way: from the result of an earlier analysis, from
 * the cache, or by decoding and analysing it.
 *
 * If WebGPU fails, the work is repeated on the CPU. One song is decoded and one request is answered
 * at a time; the next song is decoded while the worker is busy with the last one.
 */

import { decode } from "../decode/decode.js";
import { sha256 } from "../song/digest.js";
import { isErrorCode, songError } from "../shared/errors.js";
import { filePrint, isSamePrint } from "../decode/file-print.js";
import { fileOf, unreadable } from "../decode/song-file.js";
import { blobOf, isBlob } from "../decode/song-input.js";
import { EngineError } from "./worker-link.js";
import { publicError } from "./public-errors.js";
import { loadEngineFiles } from "./loader.js";
import { Lock, untilAborted } from "../shared/lock.js";
import { Upload } from "./upload.js";
import { packSong, unpackSong } from "../song/song-bytes.js";
import { spawnLink } from "./spawn.js";
import { WorkerHost } from "./worker-host.js";
import { arrayOf } from "../shared/arrays.js";

/** @import { SongStore } from "../song/cache.js" */
/** @import { StageProgress, WorkerLink } from "./worker-link.js" */
/** @import { Backend, CompareResult, Report, StartResult } from "./protocol.js" */
/** @import { Song } from "../song/song.js" */
/** @import { EngineOptions } from "./worker-host.js" */

/**
 * @typedef {Object} AnalyseOptions
 * @property {StageProgress} onProgress
 * @property {AbortSignal | undefined} signal stops the work at once, if necessary by terminating
 *   the worker
 * @property {AbortSignal | undefined} [abandoned] stops the work before its next step; the worker
 *   finishes the current one
 * @property {SongStore | undefined} [cache]
 */

/**
 * A song is decoded again if its worker is lost meanwhile; only once, as the song may be the cause.
 */
const MAX_UPLOADS = 2;

export class Engine {
  #options;
  #host;
  #nextSongId = 1;
  #decoding = new Lock();
  #working = new Lock();

  /** @param {EngineOptions} options */
  constructor(options) {
    this.#options = options;
    this.#host = new WorkerHost(options);
  }

  /** The backend in use, or the last one that was. @returns {Backend | undefined} */
  get backend() {
    return this.#host.backend;
  }

  /** Gets the engine ready. @param {AbortSignal | undefined} signal */
  async start(signal) {
    const release = await this.#working.acquire(signal);
    try {
      await this.#host.running(signal);
    } finally {
      release();
    }
  }

  /**
   * Makes sure that the song is analysed in the current worker.
   * @param {Song} song
   * @param {AnalyseOptions} options
   */
  async analyse(song, options) {
    await this.#fallingBack(async () => {
      await forgetIfChanged(song);
      if (song.idIn(this.#host.link) !== undefined) return;
      if (song.analysis && (await this.#restore(song, song.analysis, options))) return;
      await this.#readAndAnalyse(song, options);
    });
  }

  /**
   * Restores a song from the bytes of `song.toBytes()`.
   * @param {Song} song
   * @param {Uint8Array} bytes
   * @param {AbortSignal | undefined} signal
   * @returns {Promise<boolean>} whether they belong to this release and these weights
   */
  async restore(song, bytes, signal) {
    try {
      return await this.#restorePacked(song, bytes, { signal });
    } catch (error) {
      throw publicError(error, this.#host.backend);
    }
  }

  /**
   * @param {Song} left analysed
   * @param {Song} right analysed
   * @param {{ onProgress: StageProgress, signal: AbortSignal | undefined }} options
   * @returns {Promise<Report | undefined>} `undefined` if the songs were lost with their worker and
   *   must be analysed again
   */
  async compare(left, right, { onProgress, signal }) {
    const release = await this.#working.acquire(signal);
    try {
      const link = this.#host.link;
      const leftId = left.idIn(link);
      const rightId = right.idIn(link);
      if (!link || leftId === undefined || rightId === undefined) return undefined;
      onProgress("match", 0);
      const { report, scores } = /** @type {CompareResult} */ (
        await this.#host.ask(link, { type: "compare", leftId, rightId }, { onProgress, signal })
      );
      report.matrix.scores = await arrayOf(scores);
      onProgress("match", 1);
      return report;
    } catch (error) {
      if (!this.#host.leaveWebgpu(error)) throw publicError(error, this.#host.backend);
      return undefined;
    } finally {
      release();
    }
  }

  /** Ends the worker and every request in it. The engine can't be used afterwards. */
  close() {
    this.#host.close();
  }

  /**
   * Takes a song from the cache, or decodes and analyses it.
   * @param {Song} song
   * @param {AnalyseOptions} options
   */
  async #readAndAnalyse(song, options) {
    const { signal, abandoned = signal, cache } = options;
    const releaseDecoder = await this.#decoding.acquire(abandoned);
    let file;
    let key;
    let uploaded;
    let analysing;
    try {
      if (!this.#host.started) await this.start(signal);
      const { limits } = /** @type {StartResult} */ (this.#host.started);
      file = await untilAborted(fileOf(song.input, limits, abandoned), abandoned);
      if (file && isBlob(song.input)) song.print = await printOf(song.name, file);
      key = cache && file && (await this.#cacheKey(song, file));
      if (cache && key && (await this.#restoreCached(song, cache, key, { signal, abandoned }))) return;
      uploaded = await this.#uploaded(song, file, options);
      analysing = this.#analysed(song, uploaded.upload, options);
    } finally {
      // The song is in the worker now, and the next one may be decoded.
      releaseDecoder();
    }
    let analysis;
    try {
      analysis = await analysing;
    } finally {
      uploaded.releaseWorker();
    }
    // The backend may have changed since the key was made.
    if (cache && file && key && key === (await this.#cacheKey(song, file)))
      void cache.put(key, packSong({ ...song, analysis })).catch(() => {});
  }

  /**
   * Decodes a song and sends its samples to the worker; once more if that worker is lost meanwhile.
   * @param {Song} song
   * @param {Blob | undefined} file of the song, if its input is a file
   * @param {AnalyseOptions} options
   * @returns {Promise<{ upload: Upload, releaseWorker: () => void }>} the worker is locked for the
   *   analysis until `releaseWorker`
   */
  async #uploaded(song, file, { onProgress, signal, abandoned = signal }) {
    const { limits } = /** @type {StartResult} */ (this.#host.started);
    onProgress("decode", 0);
    const onDecoded = (/** @type {number} */ fraction) => onProgress("decode", fraction);
    for (let tries = 1; ; tries++) {
      const upload = new Upload(await this.#linkForUpload(signal), this.#nextSongId++, song.name);
      let releaseWorker;
      try {
        await untilAborted(
          decode(song.input, upload, { name: song.name, file, limits, signal: abandoned, onProgress: onDecoded }),
          abandoned,
        );
        if (file && song.print && !isSamePrint(song.print, await printOf(song.name, file))) throw unreadable(song.name);
        releaseWorker = await this.#working.acquire(abandoned);
        if (upload.link === (await this.#host.running(signal))) {
          onProgress("decode", 1);
          return { upload, releaseWorker };
        }
        releaseWorker();
        // Rejects with the reason for which the worker was lost.
        if (tries >= MAX_UPLOADS) await upload.taken();
      } catch (error) {
        releaseWorker?.();
        upload.discard();
        throw error;
      }
    }
  }

  /**
   * Analyses a song whose samples are in the worker.
   * @param {Song} song
   * @param {Upload} upload of the song
   * @param {{ onProgress: StageProgress, signal: AbortSignal | undefined }} options
   * @returns {Promise<Uint8Array>}
   */
  async #analysed(song, upload, { onProgress, signal }) {
    song.durationSecs = upload.durationSecs;
    song.peaks = upload.peaks;
    const { link, songId } = upload;
    try {
      await upload.taken();
      const analysis = await this.#host.ask(link, { type: "analyse", songId }, { onProgress, signal });
      song.analysis = analysis;
      song.enter(link, songId);
      return analysis;
    } catch (error) {
      upload.discard();
      if (!(error instanceof EngineError) || !isErrorCode(error.code)) throw error;
      const { minSongSecs, maxSongSecs } = /** @type {StartResult} */ (this.#host.started).limits;
      const { name, durationSecs } = song;
      throw songError(error.code, { name, durationSecs, minSongSecs, maxSongSecs, cause: error });
    }
  }

  /**
   * The worker for an upload, which may be answering another request.
   * @param {AbortSignal | undefined} signal
   */
  async #linkForUpload(signal) {
    if (!this.#host.link?.alive) await this.start(signal);
    return /** @type {WorkerLink} */ (this.#host.link);
  }

  /**
   * The name of an analysis in the cache: the file's SHA-256, that of the weights, and the backend,
   * because the two backends round differently.
   * @param {Song} song
   * @param {Blob} file
   */
  async #cacheKey(song, file) {
    song.sha256 ??= await sha256(file, {
      spawn: () => spawnLink(this.#options.assetsUrl),
      load: async () => {
        const { glueUrl, module } = await loadEngineFiles(/** @type {Backend} */ (this.#host.backend), this.#options);
        return { glueUrl, module };
      },
    });
    return song.sha256 && `${song.sha256} ${this.#host.started?.weightsSha256} ${this.#host.backend}`;
  }

  /**
   * @param {Song} song
   * @param {SongStore} cache
   * @param {string} key
   * @param {{ signal: AbortSignal | undefined, abandoned: AbortSignal | undefined }} options
   */
  async #restoreCached(song, cache, key, { signal, abandoned }) {
    // A cache that fails counts as one without the song.
    const bytes = await untilAborted(
      cache.get(key).catch(() => undefined),
      abandoned,
    );
    return bytes !== undefined && this.#restorePacked(song, bytes, { signal, abandoned });
  }

  /**
   * @param {Song} song
   * @param {Uint8Array} bytes
   * @param {{ signal: AbortSignal | undefined, abandoned?: AbortSignal | undefined }} options
   */
  async #restorePacked(song, bytes, options) {
    const packed = unpackSong(bytes);
    if (!packed || !(await this.#restore(song, packed.analysis, options))) return false;
    song.durationSecs = packed.durationSecs;
    song.peaks = packed.peaks;
    return true;
  }

  /**
   * @param {Song} song
   * @param {Uint8Array} analysis
   * @param {{ signal: AbortSignal | undefined, abandoned?: AbortSignal | undefined }} options
   * @returns {Promise<boolean>} whether the engine accepted it
   */
  async #restore(song, analysis, { signal, abandoned = signal }) {
    const release = await this.#working.acquire(abandoned);
    try {
      const link = await this.#host.running(signal);
      const songId = this.#nextSongId++;
      const isOurs = await this.#host.ask(link, { type: "restore", songId, name: song.name, analysis }, { signal });
      if (isOurs) {
        song.analysis = analysis;
        song.enter(link, songId);
      }
      return isOurs;
    } finally {
      release();
    }
  }

  /** Does the work, and repeats it on the CPU if WebGPU fails. @param {() => Promise<void>} work */
  async #fallingBack(work) {
    try {
      await work();
    } catch (error) {
      if (!this.#host.leaveWebgpu(error)) throw publicError(error, this.#host.backend);
      await work().catch((again) => {
        throw publicError(again, this.#host.backend);
      });
    }
  }
}

/**
 * Forgets the analysis of a file whose content is another one now.
 * @param {Song} song
 * @throws {CheckerError} if the browser only knows that the file was changed
 */
async function forgetIfChanged(song) {
  if (!song.print || !isBlob(song.input)) return;
  try {
    if (isSamePrint(song.print, await filePrint(await blobOf(song.input)))) return;
  } catch (cause) {
    // The analysis of a file that is gone is still that of the chosen song.
    if (cause instanceof DOMException && cause.name === "NotFoundError") return;
    throw unreadable(song.name, cause);
  }
  song.free();
  song.print = song.sha256 = undefined;
}

/** @param {string} name @param {Blob} file */
function printOf(name, file) {
  return filePrint(file).catch((cause) => {
    throw unreadable(name, cause);
  });
}
