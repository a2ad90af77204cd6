/**
 * Catalogue service: stands for `soundalike-catalogue serve`. The answer that it gives is the one
 * that the engine's tests read, too.
 */

import { readFileSync } from "node:fs";
import { createServer } from "node:http";

/** @import { IncomingMessage } from "node:http" */

/**
 * @typedef {Object} Received
 * @property {string} method
 * @property {string} url
 * @property {IncomingMessage["headers"]} headers
 * @property {Buffer} body
 */

/**
 * @typedef {Object} Reply
 * @property {number} [status]
 * @property {Record<string, string>} [headers]
 * @property {string | Buffer} [body]
 * @property {number} [delayMs] with `Infinity` there is no answer
 */

const golden = (/** @type {string} */ name) => new URL(`../../golden/lookup/${name}`, import.meta.url);

/** An answer with three candidates. */
export const ANSWER = readFileSync(golden("answer.json"), "utf8");
/** A query of a song of 8 seconds. */
export const QUERY = readFileSync(golden("query.bin"));
/** The ids of the candidates in `ANSWER`. */
export const IDS = {
  another: "0123456789abcdef0123456789abcdef",
  source: "fedcba9876543210fedcba9876543210",
  removed: "00000000000000000000000000000000",
};

/** Starts a service on a free port. */
export async function serveCatalogue() {
  /** @type {Received[]} */
  const received = [];
  const service = {
    url: "",
    received,
    /** The answer to searches. @type {Reply} */
    reply: {},
    /** Kept songs, by id. @type {Record<string, Buffer>} */
    songs: {},
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
  const server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const { method = "", url = "", headers } = request;
    const allowed = {
      "access-control-allow-origin": headers.origin ?? "",
      "access-control-allow-headers": "content-type",
    };
    if (method === "OPTIONS") return void response.writeHead(200, allowed).end();
    received.push({ method, url, headers, body: Buffer.concat(parts) });
    const song = service.songs[url.replace("/v1/songs/", "")];
    const {
      status = 200,
      body = ANSWER,
      delayMs = 0,
      headers: more = {},
    } = /** @type {Reply} */ (method === "POST" ? service.reply : song ? { body: song } : { status: 404, body: "{}" });
    // A timer would keep the test's process.
    if (delayMs === Infinity) return;
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    response.writeHead(status, { ...allowed, ...more }).end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  service.url = `http://127.0.0.1:${port}`;
  return service;
}
