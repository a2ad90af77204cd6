/** Restorer: brings analysed songs into workers, from bytes or from the cache. */

import { untilAborted } from "../shared/lock.js";
import { unpackSong } from "../song/song-bytes.js";

/** @import { SongStore } from "../song/cache.js" */
/** @import { Song } from "../song/song.js" */
/** @import { PooledWorker, WorkerPool } from "./pool.js" */
/** @import { WorkerLink } from "./worker-link.js" */

export class Restorer {
  #pool;
  #newSongId;

  /** @param {WorkerPool} pool @param {() => number} newSongId */
  constructor(pool, newSongId) {
    this.#pool = pool;
    this.#newSongId = newSongId;
  }

  /**
   * @param {Song} song
   * @param {SongStore} cache
   * @param {string} key
   * @param {{ signal: AbortSignal | undefined, abandoned: AbortSignal | undefined }} options
   */
  async restoreCached(song, cache, key, { signal, abandoned }) {
    // A cache that fails counts as one without the song.
    const bytes = await untilAborted(
      cache.get(key).catch(() => undefined),
      abandoned,
    );
    return bytes !== undefined && this.restorePacked(song, bytes, { signal, abandoned });
  }

  /**
   * @param {Song} song
   * @param {Uint8Array} bytes
   * @param {{ signal: AbortSignal | undefined, abandoned?: AbortSignal | undefined }} options
   */
  async restorePacked(song, bytes, options) {
    const packed = unpackSong(bytes);
    if (!packed || !(await this.restore(song, packed.analysis, options))) return false;
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
  async restore(song, analysis, { signal, abandoned = signal }) {
    const worker = this.#pool.forNextSong();
    const end = worker.begin();
    let release;
    try {
      release = await worker.lock.acquire(abandoned);
      const link = await worker.host.running(signal);
      return (await this.#restoredId(worker, link, song, analysis, signal)) !== undefined;
    } finally {
      release?.();
      end();
    }
  }

  /**
   * The id of a song in a worker that may never have had it, and whose lock is held.
   * @param {PooledWorker} worker
   * @param {WorkerLink} link to it
   * @param {Song} song
   * @param {AbortSignal | undefined} signal
   * @returns {Promise<number | undefined>}
   */
  async idIn(worker, link, song, signal) {
    return song.idIn(link) ?? (song.analysis && this.#restoredId(worker, link, song, song.analysis, signal));
  }

  /**
   * @param {PooledWorker} worker
   * @param {WorkerLink} link
   * @param {Song} song
   * @param {Uint8Array} analysis
   * @param {AbortSignal | undefined} signal
   * @returns {Promise<number | undefined>} `undefined` if it isn't of this release and these
   *   weights
   */
  async #restoredId(worker, link, song, analysis, signal) {
    const songId = this.#newSongId();
    const request = /** @type {const} */ ({ type: "restore", songId, name: song.name, analysis });
    if (!(await worker.host.ask(link, request, { signal }))) return undefined;
    song.analysis = analysis;
    song.enter(link, songId);
    return songId;
  }
}
