/**
 * Cache: stores analysed songs on the visitor's device, in IndexedDB, so that the next check of the
 * same file begins with the comparison. No audio is stored.
 *
 * An error of the storage never fails a check. If the browser stores nothing (private windows,
 * storage denied) or is out of space, songs are kept in memory for the life of the page.
 */

/**
 * Where a checker stores analysed songs: a `SongCache`, or any object with these two methods.
 * @typedef {Object} SongStore
 * @property {(key: string) => Promise<Uint8Array | undefined>} get
 * @property {(key: string, bytes: Uint8Array) => Promise<unknown>} put
 */

/**
 * @typedef {Object} SongCacheSize
 * @property {number} songs
 * @property {number} bytes
 * @property {boolean} lasting whether the songs outlive the page
 */

/** @typedef {{ key: string, bytes: number, usedAt: number }} Entry */

/** About 1,000 songs of four minutes. */
const DEFAULT_MAX_BYTES = 500e6;
/** Limit of the songs in memory, which the device doesn't store. */
const MAX_MEMORY_BYTES = 150e6;

const SONGS = "songs";
const ENTRIES = "entries";

/** @implements {SongStore} */
export class SongCache {
  #name;
  #maxBytes;
  /** @type {Promise<IDBDatabase> | undefined} */
  #database;
  /**
   * Songs that the device doesn't store, least recently used first.
   * @type {Map<string, Uint8Array>}
   */
  #memory = new Map();
  /** Settles when all songs of `put` are stored. @type {Promise<unknown>} */
  #writing = Promise.resolve();

  /**
   * @param {{ name?: string, maxBytes?: number }} [options] `name` of the database; beyond
   *   `maxBytes` the least recently used songs are deleted
   */
  constructor({ name = "soundalike-songs", maxBytes = DEFAULT_MAX_BYTES } = {}) {
    this.#name = name;
    this.#maxBytes = maxBytes;
  }

  /** @param {string} key @returns {Promise<Uint8Array | undefined>} */
  async get(key) {
    const inMemory = this.#memory.get(key);
    if (inMemory) {
      this.#remember(key, inMemory);
      return inMemory;
    }
    try {
      const bytes = await this.#run("readonly", (songs) => songs.get(key));
      if (!(bytes instanceof Uint8Array)) return undefined;
      void this.#run("readwrite", (_, entries) => entries.put(entry(key, bytes))).catch(() => {});
      return bytes;
    } catch {
      return undefined;
    }
  }

  /** @param {string} key @param {Uint8Array} bytes @returns {Promise<void>} */
  put(key, bytes) {
    const written = this.#write(key, bytes);
    this.#writing = Promise.all([this.#writing, written]);
    return written;
  }

  /** @param {string} key @param {Uint8Array} bytes */
  async #write(key, bytes) {
    try {
      await this.#makeRoom(bytes.length);
      await this.#store(key, bytes);
    } catch (error) {
      const isFull = error instanceof DOMException && error.name === "QuotaExceededError";
      // The device has less space than expected: delete half of the songs.
      const stored =
        isFull &&
        (await this.#halve()
          .then(() => this.#store(key, bytes))
          .then(
            () => true,
            () => false,
          ));
      if (!stored) this.#remember(key, bytes);
    }
  }

  /** @returns {Promise<SongCacheSize>} */
  async size() {
    await this.#writing;
    const kept = [...this.#memory.values()];
    let sizes = kept.map(({ length }) => length);
    let lasting = false;
    try {
      sizes = sizes.concat((await this.#entries()).map(({ bytes }) => bytes));
      lasting = kept.length === 0;
    } catch {
      // Then only the songs in memory count.
    }
    return { songs: sizes.length, bytes: sizes.reduce((sum, bytes) => sum + bytes, 0), lasting };
  }

  /** Forgets every song. */
  async clear() {
    await this.#writing;
    this.#memory.clear();
    await this.#run("readwrite", (songs, entries) => {
      entries.clear();
      return songs.clear();
    }).catch(() => {});
  }

  /** @param {string} key @param {Uint8Array} bytes */
  async #store(key, bytes) {
    await this.#run("readwrite", (songs, entries) => {
      entries.put(entry(key, bytes));
      return songs.put(bytes, key);
    });
    this.#memory.delete(key);
  }

  /** @param {string} key @param {Uint8Array} bytes */
  #remember(key, bytes) {
    this.#memory.delete(key);
    this.#memory.set(key, bytes);
    let total = 0;
    for (const { length } of this.#memory.values()) total += length;
    for (const [oldest, { length }] of this.#memory) {
      if (total <= MAX_MEMORY_BYTES) break;
      this.#memory.delete(oldest);
      total -= length;
    }
  }

  /** @param {number} bytes */
  async #makeRoom(bytes) {
    const entries = await this.#entries();
    const total = entries.reduce((sum, one) => sum + one.bytes, 0);
    if (total + bytes > this.#maxBytes) await this.#dropOldest(entries, total + bytes - this.#maxBytes);
  }

  async #halve() {
    const entries = await this.#entries();
    await this.#dropOldest(entries, entries.reduce((sum, one) => sum + one.bytes, 0) / 2);
  }

  /** @param {Entry[]} entries @param {number} bytes to free, at least */
  async #dropOldest(entries, bytes) {
    const dropped = new Set();
    let freed = 0;
    for (const one of entries.sort((a, b) => a.usedAt - b.usedAt)) {
      if (freed >= bytes) break;
      dropped.add(one.key);
      freed += one.bytes;
    }
    await this.#run("readwrite", (songs, index) => {
      for (const key of dropped) {
        index.delete(key);
        songs.delete(key);
      }
      return index.count();
    });
  }

  /** @returns {Promise<Entry[]>} */
  #entries() {
    return this.#run("readonly", (_, entries) => entries.getAll());
  }

  /**
   * Runs one transaction over both stores, and waits until it is complete.
   * @template T
   * @param {IDBTransactionMode} mode
   * @param {(songs: IDBObjectStore, entries: IDBObjectStore) => IDBRequest<T>} ask
   * @returns {Promise<T>}
   */
  async #run(mode, ask) {
    this.#database ??= open(this.#name);
    const opening = this.#database;
    const forget = () => {
      if (this.#database === opening) this.#database = undefined;
    };
    const database = await opening.catch((error) => {
      forget();
      throw error;
    });
    return new Promise((resolve, reject) => {
      database.onclose = database.onversionchange = () => {
        database.close();
        forget();
      };
      const transaction = database.transaction([SONGS, ENTRIES], mode);
      const request = ask(transaction.objectStore(SONGS), transaction.objectStore(ENTRIES));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () =>
        reject(transaction.error ?? new DOMException("the transaction was aborted", "AbortError"));
    });
  }
}

/** @param {string} key @param {Uint8Array} bytes @returns {Entry} */
function entry(key, bytes) {
  return { key, bytes: bytes.length, usedAt: Date.now() };
}

/** @param {string} name @returns {Promise<IDBDatabase>} */
function open(name) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(SONGS);
      request.result.createObjectStore(ENTRIES, { keyPath: "key" });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new DOMException("another page holds the database", "InvalidStateError"));
  });
}
