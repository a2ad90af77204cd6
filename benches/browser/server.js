/** Serves several folders under one address, as a static host does over a link of a given speed, and counts what it sends. */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

const MEDIA_TYPES = /** @type {Record<string, string>} */ ({
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".mjs": "text/javascript",
  ".mp3": "audio/mpeg",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
});

/** Already compressed. */
const INCOMPRESSIBLE = new Set([".mp3"]);

/** Of one piece of an answer, so that answers share the link. */
const PIECE_BYTES = 16_384;

/**
 * @typedef {Object} Link
 * @property {number} bitsPerSec
 * @property {number} latencyMs from a request to the first byte of its answer
 */

export class BenchServer {
  /** @type {import("node:http").Server} */
  #server;
  #folders;
  #compressedFolder;
  /** @type {Link | undefined} */
  #link;
  /** When the link is free again, in `performance.now()` milliseconds. */
  #freeAt = 0;
  #compresses = false;
  /** Bytes sent by path, since `start`. @type {Map<string, number>} */
  sent = new Map();

  /**
   * @param {Record<string, string>} folders by the prefix of their addresses
   * @param {string} compressedFolder where compressed files are kept
   */
  constructor(folders, compressedFolder) {
    this.#folders = Object.entries(folders);
    this.#compressedFolder = compressedFolder;
    mkdirSync(compressedFolder, { recursive: true });
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  async listen() {
    await new Promise((resolve) => this.#server.listen(0, "127.0.0.1", () => resolve(undefined)));
    const { port } = /** @type {import("node:net").AddressInfo} */ (this.#server.address());
    return `http://localhost:${port}`;
  }

  /** A visit begins: count from zero, compress as static hosts do, over this link. @param {Link} [link] none: as fast as it goes */
  startVisit(link) {
    this.sent = new Map();
    this.#compresses = true;
    this.#link = link;
    this.#freeAt = 0;
  }

  /** The sum of what was sent since `startVisit`. */
  get sentBytes() {
    return [...this.sent.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  close() {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** @param {import("node:http").IncomingMessage} request @param {import("node:http").ServerResponse} response */
  async #answer(request, response) {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
    const file = this.#fileAt(path);
    if (!file) return response.writeHead(404).end();
    const headers = /** @type {Record<string, string | number>} */ ({
      "content-type": MEDIA_TYPES[extname(file)] ?? "application/octet-stream",
      "cache-control": "no-store",
      // In an isolated page the clock ticks every 5 microseconds instead of every 100.
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
      "cross-origin-resource-policy": "same-origin",
    });
    // Music is the visitor's own: it comes over no link.
    if (INCOMPRESSIBLE.has(extname(file)) || !this.#compresses) {
      const content = readFileSync(file);
      return response.writeHead(200, { ...headers, "content-length": content.length }).end(content);
    }
    if (!/\bbr\b/.test(request.headers["accept-encoding"] ?? ""))
      throw new Error(`the browser doesn't take brotli for ${path}`);
    const content = this.#compressed(file);
    this.sent.set(path, (this.sent.get(path) ?? 0) + content.length);
    await sleepUntil(performance.now() + (this.#link?.latencyMs ?? 0));
    response.writeHead(200, { ...headers, "content-encoding": "br", "content-length": content.length });
    for (let start = 0; start < content.length; start += PIECE_BYTES) {
      const piece = content.subarray(start, start + PIECE_BYTES);
      await this.#pass(piece.length);
      response.write(piece);
    }
    response.end();
  }

  /** Waits as long as so many bytes take on the link, behind all that is on it. @param {number} bytes */
  async #pass(bytes) {
    if (!this.#link) return;
    this.#freeAt = Math.max(this.#freeAt, performance.now()) + (8000 * bytes) / this.#link.bitsPerSec;
    await sleepUntil(this.#freeAt);
  }

  /** @param {string} path @returns {string | undefined} */
  #fileAt(path) {
    for (const [prefix, folder] of this.#folders) {
      if (!path.startsWith(prefix)) continue;
      const file = join(folder, normalize(`/${path.slice(prefix.length)}`));
      const asked = path.endsWith("/") ? join(file, "index.html") : file;
      if (existsSync(asked) && statSync(asked).isFile()) return asked;
    }
    return undefined;
  }

  /** The file as brotli, by its content; the best compression of a large module takes a minute, so it is kept. @param {string} file */
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
