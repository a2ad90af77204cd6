/**
 * Engine: analyses and compares songs in workers.
 *
 * A song comes into the worker by the cheapest way: from the result of an earlier analysis, from
 * the cache, or by decoding and analysing it.
 *
 * If WebGPU fails, the work is repeated on the CPU. One song is decoded at a time, and each worker
 * answers one request at a time; the next song is decoded while the workers are busy.
 */

import { decode } from "../decode/decode.js";
import { sha256 } from "../song/digest.js";
import { isErrorCode, songError } from "../shared/errors.js";
import { fileOf } from "../decode/open-file.js";
import { EngineError } from "./worker-link.js";
import { publicError } from "./public-errors.js";
import { loadDecoder, loadEngineFiles } from "./loader.js";
import { Lock, untilAborted } from "../shared/lock.js";
import { Restorer } from "./restorer.js";
import { Upload } from "./upload.js";
import { forgetIfChanged, rememberFile, requireSameFile } from "../song/changed-file.js";
import { packSong } from "../song/song-bytes.js";
import { spawnLink } from "./spawn.js";
import { WorkerPool } from "./pool.js";
import { arrayOf } from "../shared/arrays.js";

/** @import { SongStore } from "../song/cache.js" */
/** @import { StageProgress, WorkerLink } from "./worker-link.js" */
/** @import { Backend, CompareResult, Report, StartResult } from "./protocol.js" */
/** @import { Song } from "../song/song.js" */
/** @import { PooledWorker } from "./pool.js" */
/** @import { EngineOptions, WorkerHost } from "./worker-host.js" */

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
 * @typedef {Object} Opened
 * @property {Blob | undefined} file of the song, if its input is a file
 * @property {string | undefined} key of the song in the cache
 * @property {boolean} isKnown whether its analysis was there
 */

/**
 * @typedef {Object} Uploaded
 * @property {PooledWorker} worker that has the samples
 * @property {Upload} upload
 * @property {() => void} end to be called when the song needs the worker no more
 */

/**
 * A song is decoded again if its worker is lost meanwhile; only once, as the song may be the cause.
 */
const MAX_UPLOADS = 2;

export class Engine {
  #options;
  #pool;
  #restorer;
  #nextSongId = 1;
  #decoding = new Lock();

  /** @param {EngineOptions} options */
  constructor(options) {
    this.#options = options;
    this.#pool = new WorkerPool(options);
    this.#restorer = new Restorer(this.#pool, () => this.#nextSongId++);
  }

  /** The backend in use, or the last one that was. @returns {Backend | undefined} */
  get backend() {
    return this.#pool.first.host.backend;
  }

  /** Number of songs at once that keep all workers and the decoder busy. */
  get concurrency() {
    return this.#pool.size + 1;
  }

  /** Gets the engine ready. @param {AbortSignal | undefined} signal */
  async start(signal) {
    await this.#pool.first.start(signal);
  }

  /**
   * Makes sure that the song is analysed in a worker.
   * @param {Song} song
   * @param {AnalyseOptions} options
   */
  async analyse(song, options) {
    await this.#fallingBack(async () => {
      await forgetIfChanged(song);
      if (this.#pool.with(song)) return;
      if (song.analysis && (await this.#restorer.restore(song, song.analysis, options))) return;
      const end = this.#pool.announceSong(song);
      try {
        await this.#readAndAnalyse(song, options);
      } finally {
        end();
      }
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
      return await this.#restorer.restorePacked(song, bytes, { signal });
    } catch (error) {
      throw publicError(error, this.backend);
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
    const endAnnounced = this.#pool.announceComparison(left, right);
    try {
      return await this.#withSongs(left, right, signal, async (host, link, leftId, rightId) => {
        onProgress("match", 0);
        const { report, scores } = /** @type {CompareResult} */ (
          await host.ask(link, { type: "compare", leftId, rightId }, { onProgress, signal })
        );
        report.matrix.scores = await arrayOf(scores);
        onProgress("match", 1);
        return report;
      });
    } finally {
      endAnnounced();
    }
  }

  /**
   * The numbers that a catalogue is asked with for a song.
   * @param {Song} song analysed
   * @param {AbortSignal | undefined} signal
   * @returns {Promise<Uint8Array | undefined>} `undefined` if the song was lost with its worker and
   *   must be analysed again
   */
  async query(song, signal) {
    return this.#withSongs(
      song,
      song,
      signal,
      async (host, link, songId) =>
        /** @type {Uint8Array} */ (await host.ask(link, { type: "query", songId }, { signal })),
    );
  }

  /**
   * Works with two analysed songs, or twice the same, in the worker that suits best.
   * @template Result
   * @param {Song} left
   * @param {Song} right
   * @param {AbortSignal | undefined} signal
   * @param {(
   *   host: WorkerHost, link: WorkerLink, leftId: number, rightId: number
   * ) => Promise<Result>} work
   * @returns {Promise<Result | undefined>} `undefined` if a song was lost with its worker
   */
  async #withSongs(left, right, signal, work) {
    const worker = this.#pool.forComparison(left, right);
    const end = worker.begin();
    let release;
    try {
      release = await worker.lock.acquire(signal);
      const link = await worker.host.running(signal);
      const leftId = await this.#restorer.idIn(worker, link, left, signal);
      const rightId = await this.#restorer.idIn(worker, link, right, signal);
      if (leftId === undefined || rightId === undefined) return undefined;
      return await work(worker.host, link, leftId, rightId);
    } catch (error) {
      if (!worker.host.leaveWebgpu(error)) throw publicError(error, this.backend);
      return undefined;
    } finally {
      release?.();
      end();
    }
  }

  /** Ends the workers and every request in them. The engine can't be used afterwards. */
  close() {
    this.#pool.close();
  }

  /**
   * Takes a song from the cache, or decodes and analyses it; once more if its worker is lost
   * meanwhile.
   * @param {Song} song
   * @param {AnalyseOptions} options
   */
  async #readAndAnalyse(song, options) {
    const { signal, abandoned = signal, cache } = options;
    /** @type {Opened | undefined} */
    let opened;
    /** @type {Uint8Array | undefined} */
    let analysis;
    for (let tries = 1; !analysis; tries++) {
      const releaseDecoder = await this.#decoding.acquire(abandoned);
      let uploaded;
      try {
        opened ??= await this.#opened(song, options);
        if (opened.isKnown) return;
        await this.#pool.room(abandoned);
        uploaded = await this.#uploaded(song, opened.file, options);
      } finally {
        // The song is in a worker now, and the next one may be decoded.
        releaseDecoder();
      }
      analysis = await this.#analysed(song, uploaded, { ...options, mayRepeat: tries < MAX_UPLOADS });
    }
    const { file, key } = /** @type {Opened} */ (opened);
    // The backend may have changed since the key was made.
    if (cache && file && key && key === (await this.#cacheKey(song, file)))
      void cache.put(key, packSong({ ...song, analysis })).catch(() => {});
  }

  /**
   * Opens the file of a song, and takes its analysis from the cache if it is there.
   * @param {Song} song
   * @param {AnalyseOptions} options
   * @returns {Promise<Opened>}
   */
  async #opened(song, { signal, abandoned = signal, cache }) {
    if (!this.#pool.first.host.started) await this.start(signal);
    const file = await untilAborted(fileOf(song.input, this.#limits, abandoned), abandoned);
    if (file) await rememberFile(song, file);
    const key = cache && file && (await this.#cacheKey(song, file));
    const isKnown = Boolean(
      cache && key && (await this.#restorer.restoreCached(song, cache, key, { signal, abandoned })),
    );
    return { file, key, isKnown };
  }

  /**
   * Decodes a song and sends its samples to a worker.
   * @param {Song} song
   * @param {Blob | undefined} file of the song, if its input is a file
   * @param {AnalyseOptions} options
   * @returns {Promise<Uploaded>}
   */
  async #uploaded(song, file, { onProgress, signal, abandoned = signal }) {
    const worker = this.#pool.forNextSong();
    const { decoded, end } = this.#pool.beginSong(worker);
    const { assetsUrl } = this.#options;
    let upload;
    try {
      onProgress("decode", 0);
      if (!worker.host.link?.alive) await worker.start(signal);
      upload = new Upload(/** @type {WorkerLink} */ (worker.host.link), this.#nextSongId++, song.name);
      await untilAborted(
        decode(song.input, upload, {
          name: song.name,
          file,
          limits: this.#limits,
          signal: abandoned,
          onProgress: (fraction) => onProgress("decode", fraction),
          aside: { spawn: () => spawnLink(assetsUrl), load: () => loadDecoder(assetsUrl) },
        }),
        abandoned,
      );
      if (file) await requireSameFile(song, file);
      decoded(upload.durationSecs);
      return { worker, upload, end };
    } catch (error) {
      upload?.discard();
      end();
      throw error;
    }
  }

  /**
   * Analyses a song whose samples are in a worker.
   * @param {Song} song
   * @param {Uploaded} uploaded
   * @param {AnalyseOptions & { mayRepeat: boolean }} options
   * @returns {Promise<Uint8Array | undefined>} `undefined` if the worker was lost and the song may
   *   be decoded again
   */
  async #analysed(song, { worker, upload, end }, { onProgress, signal, abandoned = signal, mayRepeat }) {
    const { link, songId } = upload;
    let release;
    try {
      release = await worker.lock.acquire(abandoned);
      const isLost = link !== (await this.#pool.running(worker, signal));
      if (isLost && mayRepeat) return undefined;
      song.durationSecs = upload.durationSecs;
      song.peaks = upload.peaks;
      onProgress("decode", 1);
      // Rejects with the reason for which a worker was lost.
      await upload.taken();
      const analysis = await worker.host.ask(link, { type: "analyse", songId }, { onProgress, signal });
      song.analysis = analysis;
      song.enter(link, songId);
      return analysis;
    } catch (error) {
      upload.discard();
      if (!(error instanceof EngineError) || !isErrorCode(error.code)) throw error;
      const { minSongSecs, maxSongSecs } = this.#limits;
      const { name, durationSecs } = song;
      throw songError(error.code, { name, durationSecs, minSongSecs, maxSongSecs, cause: error });
    } finally {
      release?.();
      end();
    }
  }

  /** What the engine says of itself once it has started. */
  get #limits() {
    return /** @type {StartResult} */ (this.#pool.first.host.started).limits;
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
        const { glueUrl, module } = await loadEngineFiles(/** @type {Backend} */ (this.backend), this.#options);
        return { glueUrl, module };
      },
    });
    return song.sha256 && `${song.sha256} ${this.#pool.first.host.started?.weightsSha256} ${this.backend}`;
  }

  /** Does the work, and repeats it on the CPU if WebGPU fails. @param {() => Promise<void>} work */
  async #fallingBack(work) {
    try {
      await work();
    } catch (error) {
      if (!this.#pool.first.host.leaveWebgpu(error)) throw publicError(error, this.backend);
      await work().catch((again) => {
        throw publicError(again, this.backend);
      });
    }
  }
}
