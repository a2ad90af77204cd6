/**
 * Service worker: keeps a copy of the whole site, so that it works offline after the first visit.
 *
 * Requests go to the network first and bypass the HTTP cache; the copy answers if the network
 * doesn't, or not in time. So a new version of the site is in use at once, whatever `max-age` the
 * host sends, and a page never gets scripts of another version. The name of the copy is a hash of
 * all its files: a new version is stored completely under another name and then replaces the old
 * one, so that offline, too, files of two versions never mix.
 */

const PREFIX = "soundalike-";
/** A network that has not begun to answer after this time counts as absent. */
const PATIENCE_MS = 4000;

/**
 * The global scope of a service worker. `tsc` can't check its type together with those of a page.
 * @type {any}
 */
const scope = self;

scope.addEventListener("install", () => scope.skipWaiting());
scope.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(scope.clients.claim()));

scope.addEventListener("message", (/** @type {any} */ event) => event.waitUntil(keep(event.data.keep)));

scope.addEventListener("fetch", (/** @type {any} */ event) => {
  /** @type {Request} */
  const request = event.request;
  if (request.method !== "GET" || new URL(request.url).origin !== location.origin) return;
  event.respondWith(networkElseKept(request));
});

/**
 * Stores a copy of these files; if it is complete, deletes the previous one.
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
  const others = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== version);
  await Promise.all(others.map((name) => caches.delete(name)));
}

/** @param {Request} request */
async function networkElseKept(request) {
  const answer = asked(request);
  // If the answer fails after the timeout, nothing awaits it.
  answer.catch(() => {});
  const soon = await Promise.race([
    answer.catch(() => undefined),
    new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, undefined)),
  ]);
  if (soon) return soon;
  return (await caches.match(keptName(request.url))) ?? answer;
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
