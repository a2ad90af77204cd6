/**
 * Service: the requests to a catalogue, bounded in size and time, and its answers, checked. What it
 * sends may be anything.
 */

import { CheckerError, throwIfAborted } from "../shared/errors.js";

/** @import { ErrorCode } from "../shared/errors.js" */
/** @typedef {import("../wasm/cpu/soundalike.js").Candidates} Candidates */
/** @typedef {import("../wasm/cpu/soundalike.js").Candidate} Candidate */

/**
 * @typedef {Object} RequestOptions
 * @property {number} timeoutSecs
 * @property {AbortSignal | undefined} signal
 */

/** An answer has 20 songs at most, with names that may be long. */
const MAX_CANDIDATES = 20;
const MAX_PLACES = 5;
const MAX_ANSWER_BYTES = 256 * 1024;
/** A kept song of 90 minutes takes 9 MB. */
const MAX_SONG_BYTES = 32 * 1024 ** 2;
const MAX_NAME_LENGTH = 300;
/** Longer than any song. */
const MAX_SECS = 100_000;

/**
 * The address of a service, with a slash at its end.
 * @param {string | URL} url
 */
export function serviceUrl(url) {
  const base = URL.parse ? URL.parse(String(url), globalThis.document?.baseURI) : parsed(String(url));
  const isLocal = base !== null && ["localhost", "127.0.0.1", "[::1]"].includes(base.hostname);
  if (base?.protocol !== "https:" && !(isLocal && base?.protocol === "http:"))
    throw failed("The address of the catalogue must begin with https://.");
  base.search = base.hash = "";
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  return base;
}

/** @param {string} url */
function parsed(url) {
  try {
    return new URL(url, globalThis.document?.baseURI);
  } catch {
    return null;
  }
}

/**
 * The songs that resemble the one of a query.
 * @param {URL} service
 * @param {Uint8Array} query
 * @param {RequestOptions} options
 * @returns {Promise<Candidates>}
 */
export async function askForCandidates(service, query, options) {
  const headers = { "content-type": "application/octet-stream" };
  const request = { method: "POST", headers, body: /** @type {Uint8Array<ArrayBuffer>} */ (query) };
  const bytes = await ask(new URL("v1/candidates", service), request, MAX_ANSWER_BYTES, options);
  let answer;
  try {
    answer = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw strange(service, cause);
  }
  return checked(answer) ?? fail(strange(service));
}

/**
 * The bytes of a kept song.
 * @param {URL} service
 * @param {string} id
 * @param {RequestOptions} options
 */
export function askForSong(service, id, options) {
  return ask(new URL(`v1/songs/${encodeURIComponent(id)}`, service), {}, MAX_SONG_BYTES, options);
}

/**
 * @param {URL} url
 * @param {RequestInit} request
 * @param {number} maxBytes of the answer
 * @param {RequestOptions} options
 * @returns {Promise<Uint8Array>}
 */
async function ask(url, request, maxBytes, { timeoutSecs, signal }) {
  throwIfAborted(signal);
  const ending = new AbortController();
  const onAbort = () => ending.abort();
  signal?.addEventListener("abort", onAbort, { once: true });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    ending.abort();
  }, timeoutSecs * 1000);
  try {
    const response = await fetch(url, {
      ...request,
      signal: ending.signal,
      // No cookies, no address of the page, no other server than the one that was agreed to.
      credentials: "omit",
      referrerPolicy: "no-referrer",
      redirect: "error",
      cache: "no-store",
    });
    const bytes = await bounded(response, maxBytes);
    if (!response.ok) throw refusal(url, response.status, bytes);
    return bytes ?? fail(strange(url));
  } catch (cause) {
    throwIfAborted(signal);
    if (cause instanceof CheckerError) throw cause;
    const sentence = isLate
      ? `The catalogue of ${url.host} did not answer within ${timeoutSecs} seconds. Try again later.`
      : `The catalogue of ${url.host} cannot be reached.`;
    throw failed(sentence, cause);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
    // Frees the connection of an answer that was not read to its end.
    ending.abort();
  }
}

/**
 * The body of a response; `undefined` if it is larger.
 * @param {Response} response
 * @param {number} maxBytes
 */
async function bounded(response, maxBytes) {
  const reader = response.body?.getReader();
  /** @type {Uint8Array[]} */
  const parts = [];
  let length = 0;
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    length += part.value.length;
    if (length > maxBytes) return undefined;
    parts.push(part.value);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * The sentences are ours: those of the service may be in any language, and about anything.
 * @param {URL} url
 * @param {number} status
 * @param {Uint8Array | undefined} bytes
 */
function refusal({ host }, status, bytes) {
  const cause = new Error(`${status}: ${new TextDecoder().decode(bytes?.slice(0, 1000))}`);
  /** @type {Record<number, [ErrorCode, string]>} */
  const known = {
    409: ["catalogue-mismatch", `The catalogue of ${host} was made with other weights than this page has.`],
    429: ["catalogue-busy", `The catalogue of ${host} had many searches from here. Wait a minute, then try again.`],
    503: ["catalogue-busy", `The catalogue of ${host} is busy or down at the moment. Try again later.`],
  };
  const [code, sentence] = known[status] ?? ["catalogue-failed", `The catalogue of ${host} refuses this search.`];
  return new CheckerError(code, sentence, { cause });
}

/**
 * What of an answer has the right form, and nothing else of it.
 * @param {any} answer
 * @returns {Candidates | undefined}
 */
function checked(answer) {
  const { songs, givesSongs, candidates } = answer ?? {};
  if (!isCount(songs) || typeof givesSongs !== "boolean" || !Array.isArray(candidates)) return undefined;
  if (candidates.length > MAX_CANDIDATES) return undefined;
  const copies = candidates.map(checkedCandidate);
  if (copies.includes(undefined)) return undefined;
  return { songs, givesSongs, candidates: /** @type {Candidate[]} */ (copies) };
}

/** @param {any} candidate @returns {Candidate | undefined} */
function checkedCandidate(candidate) {
  const { id, name, score, offsetSecs, places } = candidate ?? {};
  if (typeof id !== "string" || !/^[0-9a-f]{1,64}$/i.test(id) || typeof name !== "string") return undefined;
  if (!isWithin(score, 0, 1) || !isWithin(offsetSecs, -MAX_SECS, MAX_SECS)) return undefined;
  if (!Array.isArray(places) || places.length > MAX_PLACES) return undefined;
  const copies = places.map((place) => {
    const { querySecs, songSecs, cosine } = place ?? {};
    const isRight =
      isWithin(querySecs, 0, MAX_SECS) && isWithin(songSecs, 0, MAX_SECS) && isWithin(cosine, -1.01, 1.01);
    return isRight ? { querySecs, songSecs, cosine } : undefined;
  });
  if (copies.includes(undefined)) return undefined;
  return {
    id,
    name: name.slice(0, MAX_NAME_LENGTH),
    score,
    offsetSecs,
    places: /** @type {Candidate["places"]} */ (copies),
  };
}

/** @param {unknown} value */
const isCount = (value) => Number.isSafeInteger(value) && /** @type {number} */ (value) >= 0;

/** @param {unknown} value @param {number} from @param {number} to */
const isWithin = (value, from, to) => typeof value === "number" && value >= from && value <= to;

/** @param {URL} url @param {unknown} [cause] */
function strange({ host }, cause) {
  return failed(`The catalogue of ${host} gave an answer that makes no sense.`, cause);
}

/** @param {string} sentence @param {unknown} [cause] */
function failed(sentence, cause) {
  return new CheckerError("catalogue-failed", sentence, { cause });
}

/** @param {Error} error @returns {never} */
function fail(error) {
  throw error;
}
