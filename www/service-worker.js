/**
 * Service worker: keeps a copy of the whole site, so that it works offline after the first visit.
 *
 * Requests go to the network first and bypass the HTTP cache; the copy answers if the network
 * doesn't, or not in time. So a new version of the site is in use at once, whatever `max-age` the
 * host sends. The name of the copy is a hash of all its files: a new version is stored completely
 * under another name and then replaces the old one.
 *
 * A page and its workers get files of one version. If a copy answers for the page, then also for
 * all of its files, and it stays as long as the page. If the network answers for the page, all of
 * its files are awaited from there; the copy answers only if the network fails.
 */

const PREFIX = "soundalike-";
/** A network that has not begun to answer after this time counts as absent. */
const PATIENCE_MS = 4000;

/** Source of a page that the network answered for and whose version is not kept yet. */
const NETWORK = "network";

/**
 * Where pages and their workers get their files from, by client: the name of a copy, or `NETWORK`.
 * Lost when the browser stops this worker, usually after 30 s without an event. By then a page has
 * loaded its modules, except those that it loads on demand.
 * @type {Map<string, string>}
 */
const sources = new Map();

/**
 * The global scope of a service worker. `tsc` can't check its type together with those of a page.
 * @type {any}
 */
const scope = self;

scope.addEventListener("install", () => scope.skipWaiting());
scope.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(scope.clients.claim()));

scope.addEventListener("message", (/** @type {any} */ event) => event.waitUntil(keepFor(event.source.id, event.data)));

scope.addEventListener("fetch", (/** @type {any} */ event) => {
  /** @type {Request} */
  const request = event.request;
  if (request.method !== "GET" || new URL(request.url).origin !== location.origin) return;
  event.respondWith(request.mode === "navigate" ? page(event) : file(event));
});

/** @param {string} client @param {{ keep: string[] }} message */
async function keepFor(client, message) {
  await keep(message.keep);
  // Now the copy has the version of the page.
  if (sources.get(client) === NETWORK) sources.delete(client);
}

/**
 * Stores a copy of these files; if it is complete, deletes the others, unless a page uses them.
 * @param {string[]} urls
 */
async function keep(urls) {
  const files = await Promise.all(
    urls.map(async (url) => {
      const response = await fetch(url, { cache: "no-cache" });
      if (!response.ok) throw new Error(`${url} answered ${response.status}`);
      const body = await response.arrayBuffer();
      return { url: keptName(url), headers: response.headers, body, digest: await digest(body) };
    }),
  );
  files.sort((a, b) => (a.url < b.url ? -1 : 1));
  const version =
    PREFIX +
    (await digest(new TextEncoder().encode(files.map((file) => `${file.url} ${file.digest}`).join("\n")))).slice(0, 16);
  const isNew = !(await caches.has(version));
  const cache = await caches.open(version);
  try {
    await Promise.all(
      files.map(({ url, headers, body }) => cache.put(url, new Response(body, { headers: withoutEncoding(headers) }))),
    );
  } catch (error) {
    // Most likely the storage is full. An incomplete copy is worse than none.
    if (isNew) await caches.delete(version);
    throw error;
  }
  const used = await sourcesInUse();
  const others = (await versions()).filter((name) => name !== version && !used.has(name));
  await Promise.all(others.map((name) => caches.delete(name)));
}

async function sourcesInUse() {
  for (const client of sources.keys()) if (!(await scope.clients.get(client))) sources.delete(client);
  return new Set(sources.values());
}

/** Names of the copies, the newest last. */
async function versions() {
  return (await caches.keys()).filter((name) => name.startsWith(PREFIX));
}

/**
 * The answer to the request of a page.
 * @param {{ request: Request, resultingClientId: string }} event
 */
async function page({ request, resultingClientId }) {
  const answer = asked(request);
  const soon = await inTime(answer);
  const newest = (await versions()).at(-1);
  const copy = soon ? undefined : await kept(request, newest);
  sources.set(resultingClientId, copy && newest ? newest : NETWORK);
  return soon ?? copy ?? answer;
}

/**
 * The answer to the request of a page or a worker for a file.
 * @param {{ request: Request, clientId: string, resultingClientId: string }} event
 */
async function file({ request, clientId, resultingClientId }) {
  const source = sources.get(clientId);
  // The file is the script of a worker.
  if (source && resultingClientId) sources.set(resultingClientId, source);
  if (source && source !== NETWORK) return (await kept(request, source)) ?? asked(request);
  const answer = asked(request);
  const soon = await (source === NETWORK ? answer.catch(() => undefined) : inTime(answer));
  return soon ?? (await kept(request)) ?? answer;
}

/**
 * An answer; undefined if it fails or is late.
 * @param {Promise<Response>} answer
 */
function inTime(answer) {
  return Promise.race([
    answer.catch(() => undefined),
    new Promise((/** @type {(none: undefined) => void} */ resolve) => setTimeout(resolve, PATIENCE_MS, undefined)),
  ]);
}

/** @param {Request} request @param {string} [version] of the copy; by default any */
function kept(request, version) {
  return caches.match(keptName(request.url), version === undefined ? {} : { cacheName: version });
}

/**
 * Chromium also caches scripts and styles in memory, and doesn't request those that need no
 * revalidation.
 * @param {Request} request
 */
async function asked(request) {
  const answer = await fetch(request, { cache: "no-cache" });
  if (!["script", "style"].includes(request.destination)) return answer;
  const headers = withoutEncoding(answer.headers);
  headers.set("cache-control", "no-cache");
  return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers });
}

/**
 * The URL under which a file is kept: without the query, and without `index.html`.
 * @param {string} url
 */
function keptName(url) {
  const { origin, pathname } = new URL(url);
  return origin + pathname.replace(/\/index\.html$/, "/");
}

/** Headers for a body that `fetch` has already decompressed. @param {Headers} headers */
function withoutEncoding(headers) {
  const kept = new Headers(headers);
  for (const name of ["content-encoding", "content-length"]) kept.delete(name);
  return kept;
}

/** @param {BufferSource} bytes @returns {Promise<string>} SHA-256 in hexadecimal */
async function digest(bytes) {
  const hash = await crypto.subtle.digest("SHA-256", bytes);
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
