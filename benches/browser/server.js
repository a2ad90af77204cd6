/**
 * Bench server: serves folders over a link of a given speed, compressed, and counts what it sends.
 */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { StaticServer } from "../../tests/browser/support/static-server.js";

/** Formats that are compressed already. */
const INCOMPRESSIBLE = new Set([".mp3"]);

/** Responses are written in chunks of this size, so that several share the link. */
const CHUNK_BYTES = 16_384;

/**
 * @typedef {Object} Link
 * @property {number} bitsPerSec
 * @property {number} latencyMs from a request to the first byte of its response
 */

export class BenchServer {
  #server;
  #compressedFolder;
  /** @type {Link | undefined} */
  #link;
  /** Time at which the link is free again, in `performance.now()` milliseconds. */
  #freeAt = 0;
  #compresses = false;
  /** Bytes sent by path, since `startVisit`. @type {Map<string, number>} */
  sent = new Map();

  /**
   * @param {Record<string, string>} folders by the prefix of their addresses
   * @param {string} compressedFolder cache of compressed files
   */
  constructor(folders, compressedFolder) {
    this.#compressedFolder = compressedFolder;
    mkdirSync(compressedFolder, { recursive: true });
    this.#server = new StaticServer(folders, (served, request, response) => {
      void this.#send(served, request, response);
    });
  }

  listen() {
    return this.#server.listen();
  }

  /**
   * Begins a visit: counts from zero, and compresses as static hosts do.
   * @param {Link} [link] none: as fast as the machine is
   */
  startVisit(link) {
    this.sent = new Map();
    this.#compresses = true;
    this.#link = link;
    this.#freeAt = 0;
  }

  /** Sum over all paths since `startVisit`. */
  get sentBytes() {
    return [...this.sent.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  close() {
    this.#server.close();
  }

  /**
   * @type {(...args: Parameters<import("../../tests/browser/support/static-server.js").Send>) =>
   *   Promise<void>}
   */
  async #send({ path, file, mediaType }, request, response) {
    const headers = /** @type {Record<string, string | number>} */ ({
      "content-type": mediaType,
      "cache-control": "no-store",
      // In an isolated page the clock ticks every 5 microseconds instead of every 100.
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
      "cross-origin-resource-policy": "same-origin",
    });
    // Songs are the visitor's own files: they take no link.
    if (INCOMPRESSIBLE.has(extname(file)) || !this.#compresses) {
      const content = readFileSync(file);
      return void response.writeHead(200, { ...headers, "content-length": content.length }).end(content);
    }
    if (!/\bbr\b/.test(request.headers["accept-encoding"] ?? ""))
      throw new Error(`the browser doesn't take brotli for ${path}`);
    const content = this.#compressed(file);
    this.sent.set(path, (this.sent.get(path) ?? 0) + content.length);
    await sleepUntil(performance.now() + (this.#link?.latencyMs ?? 0));
    response.writeHead(200, { ...headers, "content-encoding": "br", "content-length": content.length });
    for (let start = 0; start < content.length; start += CHUNK_BYTES) {
      const chunk = content.subarray(start, start + CHUNK_BYTES);
      await this.#pass(chunk.length);
      response.write(chunk);
    }
    response.end();
  }

  /**
   * Waits until the link has sent everything before, and then these bytes.
   * @param {number} bytes
   */
  async #pass(bytes) {
    if (!this.#link) return;
    this.#freeAt = Math.max(this.#freeAt, performance.now()) + (8000 * bytes) / this.#link.bitsPerSec;
    await sleepUntil(this.#freeAt);
  }

  /**
   * The file as brotli, cached by its content: the best compression of a large module takes a
   * minute.
   * @param {string} file
   */
  #compressed(file) {
    const content = readFileSync(file);
    const kept = join(this.#compressedFolder, `${createHash("sha256").update(content).digest("hex")}.br`);
    if (!existsSync(kept)) {
      const params = {
        [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
        [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
      };
      writeFileSync(kept, brotliCompressSync(content, { params }));
    }
    return readFileSync(kept);
  }
}

/** @param {number} time in `performance.now()` milliseconds */
function sleepUntil(time) {
  const waitMs = time - performance.now();
  return waitMs > 0.5 ? new Promise((resolve) => setTimeout(resolve, waitMs)) : Promise.resolve();
}
