/** Static server: folders under one address, as a host of static files serves them. */

import { existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

/** @import { IncomingMessage, Server, ServerResponse } from "node:http" */

/** @type {Record<string, string>} */
const MEDIA_TYPES = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".mjs": "text/javascript",
  ".mp3": "audio/mpeg",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/**
 * @typedef {Object} ServedFile
 * @property {string} path of the address
 * @property {string} file
 * @property {string} mediaType
 */

/** @typedef {(served: ServedFile, request: IncomingMessage, response: ServerResponse) => void} Send */

export class StaticServer {
  /** @type {Server} */
  #server;
  #folders;

  /**
   * @param {Record<string, string>} folders by the prefix of their addresses
   * @param {Send} send writes the response for a file that exists
   */
  constructor(folders, send) {
    this.#folders = Object.entries(folders);
    this.#server = createServer((request, response) => {
      const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
      const file = this.#fileAt(path);
      if (!file) return void response.writeHead(404).end();
      send({ path, file, mediaType: MEDIA_TYPES[extname(file)] ?? "application/octet-stream" }, request, response);
    });
  }

  /** @returns {Promise<string>} the address, without a slash at its end */
  async listen() {
    await new Promise((resolve) => this.#server.listen(0, "127.0.0.1", () => resolve(undefined)));
    const { port } = /** @type {import("node:net").AddressInfo} */ (this.#server.address());
    return `http://localhost:${port}`;
  }

  close() {
    this.#server.close();
    this.#server.closeAllConnections();
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
}
