/**
 * Worker pool: the workers of an engine, and which of them does what.
 *
 * The first one decides the backend. On the CPU more are started when songs wait that are long
 * enough to be worth it, as many as the device has cores and memory for. They end when they have
 * nothing to do. A device has one graphics card, so that WebGPU has one worker.
 *
 * Measured on two cores by `npm run measure-many` (tests/browser), MP3s of 192 kbit/s. Browsers
 * decode outside of the page's thread, so that one worker and the decoder use both cores already:
 * of the 18.2 s of processor time for 80 songs, the decoder takes 6.9 s and the page 3.7 s.
 *
 * | work | one core | two cores, one worker | two workers |
 * |---|---:|---:|---:|
 * | 80 songs of 1 minute against one | 20.0 s | 10.8 s (1.69 cores in use) | 10.9 s (1.73) |
 * | 40 comparisons of analysed songs of 1 minute | | 0.81 s | 0.59 s |
 * | peak memory of the page, 80 songs of 1 minute | 382 MB | 436 MB | 460 MB |
 */

import { isAddress, isBlob, isBytes } from "../decode/song-input.js";
import { Lock, untilAborted } from "../shared/lock.js";
import { WorkerHost } from "./worker-host.js";

/** @import { Song } from "../song/song.js" */
/** @import { EngineOptions } from "./worker-host.js" */
/** @import { WorkerLink } from "./worker-link.js" */

/**
 * Most workers. The page mixes the channels of all songs, in a third of the time that a worker
 * takes for the rest (MP3 of 4 minutes: 0.25 s and 0.45 s of processor time), so that more would
 * wait.
 */
const MAX_WORKERS = 4;

/**
 * Memory of the device for each worker, in GB. The second worker takes 0.03 GB for songs of 2
 * minutes, and grows with the songs (see `LONG_SONG_SECS`); the rest is for the browser and for
 * others.
 */
const GB_PER_WORKER = 2;
/** Firefox and Safari don't tell it. */
const UNKNOWN_MEMORY_GB = 4;

/**
 * Estimated seconds of music in progress for which one more worker is started. Its start takes as
 * long as the analysis of a minute.
 */
const WORTH_A_WORKER_SECS = 120;
/** For estimates: bytes of a second at 128 kbit/s, and a song that isn't downloaded yet. */
const TYPICAL_BYTES_PER_SEC = 16_000;
const TYPICAL_SONG_SECS = 180;

/** Time of a comparison, as a share of the analysis of both songs (4 minutes: 0.05 s and 0.9 s). */
const COMPARISON = 0.06;

/** A song of this duration is analysed while the other workers rest, because of its memory. */
const LONG_SONG_SECS = 20 * 60;

/** A worker beyond the first ends after this long without work. */
const IDLE_MS = 20_000;

/** One worker, and what it has to do. */
export class PooledWorker {
  #idleMs;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #tasks = 0;

  /** @param {EngineOptions} options @param {number} idleMs until it ends */
  constructor(options, idleMs) {
    this.#idleMs = idleMs;
    /** @readonly */
    this.host = new WorkerHost(options);
    /** Held while the worker answers one request. @readonly */
    this.lock = new Lock();
    /** Songs that are being sent to it and analysed. */
    this.songs = 0;
    /** Seconds of music in those that are decoded. */
    this.songSecs = 0;
    this.isStarting = false;
  }

  /**
   * Whether it runs. It answers requests in their order, so that songs may be sent while it starts.
   */
  get isAlive() {
    return this.host.link?.alive === true;
  }

  /** Number of tasks that it does or that wait for it. */
  get tasks() {
    return this.#tasks;
  }

  /** Starts it if it doesn't run. @param {AbortSignal | undefined} signal */
  async start(signal) {
    this.isStarting = true;
    let release;
    try {
      release = await this.lock.acquire(signal);
      await this.host.running(signal);
    } finally {
      this.isStarting = false;
      release?.();
      // It ends if no work comes.
      this.begin()();
    }
  }

  /** Counts a task, which keeps the worker from ending. @returns {() => void} ends the task */
  begin() {
    clearTimeout(this.#timer);
    this.#tasks++;
    return () => {
      this.#tasks--;
      if (this.#tasks === 0 && this.#idleMs < Infinity)
        this.#timer = setTimeout(() => this.host.link?.terminate(), this.#idleMs);
    };
  }

  close() {
    clearTimeout(this.#timer);
    this.host.close();
  }
}

export class WorkerPool {
  #options;
  #most;
  /** @type {PooledWorker[]} */
  #workers;
  /** Seconds of music in each piece of work. @type {Map<object, number>} */
  #inProgress = new Map();
  /** Settles when a song is no longer in a worker's hands. @type {Promise<void>} */
  #songEnds = Promise.resolve();
  #tellSongEnd = () => {};

  /** @param {EngineOptions} options */
  constructor(options) {
    this.#options = options;
    this.#most = options.workers === undefined ? workersOfDevice() : Math.max(1, Math.floor(options.workers) || 1);
    this.first = new PooledWorker(options, Infinity);
    this.#workers = [this.first];
    this.#expectSongEnd();
  }

  /** Number of workers that it may have. */
  get size() {
    return this.first.host.backend === "webgpu" ? 1 : this.#most;
  }

  close() {
    for (const worker of this.#workers) worker.close();
  }

  /**
   * Announces a song that will be analysed, and starts a worker if it is worth it.
   * @param {Song} song
   * @returns {() => void} to be called at its end
   */
  announceSong(song) {
    return this.#announce(estimatedSecs(song.input));
  }

  /**
   * The same for a comparison.
   * @param {Song} left analysed
   * @param {Song} right analysed
   */
  announceComparison(left, right) {
    return this.#announce(COMPARISON * (left.durationSecs + right.durationSecs));
  }

  /**
   * Waits until a song may be decoded: each worker has one, and one more is ready for the first
   * that ends. Calls must not overlap.
   * @param {AbortSignal | undefined} signal
   */
  async room(signal) {
    const songs = () => this.#workers.reduce((sum, worker) => sum + worker.songs, 0);
    while (songs() > Math.max(1, this.#workers.filter(({ isAlive }) => isAlive).length))
      await untilAborted(this.#songEnds, signal);
  }

  /**
   * The connection to a worker whose lock is held, started if it doesn't run.
   * @param {PooledWorker} worker
   * @param {AbortSignal | undefined} signal
   * @returns {Promise<WorkerLink | undefined>} `undefined` for a worker beyond the first that
   *   doesn't start
   */
  async running(worker, signal) {
    try {
      return await worker.host.running(signal);
    } catch (error) {
      if (worker === this.first || signal?.aborted) throw error;
      return undefined;
    }
  }

  /** The worker for the next song. */
  forNextSong() {
    this.#grow();
    const isLong = this.#workers.find(({ songSecs }) => songSecs > LONG_SONG_SECS);
    return isLong ?? this.#cheapest(({ tasks }) => tasks);
  }

  /** The worker that has the song. @param {Song} song */
  with(song) {
    return this.#workers.find(({ host }) => song.idIn(host.link) !== undefined);
  }

  /**
   * The worker to compare two songs: one that is not busy, and then one that has them. A song can
   * be sent to another worker in a tenth of the time of a comparison.
   * @param {Song} left @param {Song} right
   */
  forComparison(left, right) {
    // The left song is likelier to be compared again, with others.
    const cost = (/** @type {PooledWorker} */ { host, tasks }) =>
      tasks + (left.idIn(host.link) === undefined ? 0.2 : 0) + (right.idIn(host.link) === undefined ? 0.3 : 0);
    return this.#cheapest(cost);
  }

  /**
   * Counts a song that is sent to a worker.
   * @param {PooledWorker} worker
   * @returns {{ decoded: (secs: number) => void, end: () => void }}
   */
  beginSong(worker) {
    const end = worker.begin();
    let counted = 0;
    worker.songs++;
    return {
      decoded: (secs) => {
        counted = secs;
        worker.songSecs += secs;
      },
      end: () => {
        worker.songs--;
        worker.songSecs -= counted;
        end();
        this.#tellSongEnd();
        this.#expectSongEnd();
      },
    };
  }

  /** The first worker, if none runs. @param {(worker: PooledWorker) => number} cost */
  #cheapest(cost) {
    const alive = this.#workers.filter(({ isAlive }) => isAlive);
    return alive.reduce((best, worker) => (cost(worker) < cost(best) ? worker : best), alive[0] ?? this.first);
  }

  /** @param {number} secs @returns {() => void} */
  #announce(secs) {
    const work = {};
    this.#inProgress.set(work, secs);
    this.#grow();
    return () => this.#inProgress.delete(work);
  }

  #expectSongEnd() {
    this.#songEnds = new Promise((resolve) => (this.#tellSongEnd = resolve));
  }

  #grow() {
    const { started, backend } = this.first.host;
    if (!started || backend !== "cpu") return;
    const running = this.#workers.filter(({ isAlive, isStarting }) => isAlive || isStarting).length;
    const secs = [...this.#inProgress.values()].reduce((sum, one) => sum + one, 0);
    if (running >= Math.min(this.#most, this.#inProgress.size) || secs < WORTH_A_WORKER_SECS * running) return;
    let worker = this.#workers.find(({ isAlive, isStarting }) => !isAlive && !isStarting);
    if (!worker) {
      worker = new PooledWorker({ ...this.#options, backend }, IDLE_MS);
      this.#workers.push(worker);
    }
    worker.start(undefined).catch((cause) => {
      // The work goes on with those that run.
      console.debug("Soundalike: no further worker:", cause);
      this.#most = Math.max(1, this.#workers.filter(({ isAlive }) => isAlive).length);
    });
  }
}

function workersOfDevice() {
  const { hardwareConcurrency = 1, deviceMemory = UNKNOWN_MEMORY_GB } = /** @type {any} */ (globalThis.navigator ?? {});
  return Math.max(1, Math.min(hardwareConcurrency, Math.floor(deviceMemory / GB_PER_WORKER), MAX_WORKERS));
}

/** @param {Song["input"]} input */
function estimatedSecs(input) {
  if (isBlob(input)) return input.size / TYPICAL_BYTES_PER_SEC;
  if (isBytes(input)) return input.byteLength / TYPICAL_BYTES_PER_SEC;
  if (isAddress(input)) return TYPICAL_SONG_SECS;
  const { samples, sampleRateHz, length, sampleRate } = /** @type {any} */ (input ?? {});
  return (length ?? samples?.[0]?.length ?? samples?.length) / (sampleRateHz ?? sampleRate ?? 44_100) || 0;
}
