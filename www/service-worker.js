/**
 * Service worker: keeps a whole copy of the site, so that it works with the network off after the first visit.
 *
 * The network is asked first, past the browser's own cache, and the copy answers when the network doesn't, or not soon. A new
 * version of the site is thus in use at once, however long the host lets its files be kept, and its page never meets the
 * scripts of an old one. The copy is named by the content of all its files: another
 * version is gathered whole beside it and then takes its place, so that files of two versions never meet offline.
 */

const PREFIX = "soundalike-";
/** A network that has not begun to answer by then is as good as none. */
const PATIENCE_MS = 4000;

/** @type {any} The global scope of a service worker, for which the checker has no types beside those of a page. */
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

/** Gathers a copy of these files, and puts it in the place of the last one if it is whole. @param {string[]} urls */
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
    // The device is full, most likely: a copy with holes is worse than none.
    if (isNew) await caches.delete(version);
    throw error;
  }
  const others = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== version);
  await Promise.all(others.map((name) => caches.delete(name)));
}

/** @param {Request} request */
async function networkElseKept(request) {
  const answer = asked(request);
  // Nothing waits for a late answer that fails.
  answer.catch(() => {});
  const soon = await Promise.race([
    answer.catch(() => undefined),
    new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, undefined)),
  ]);
  if (soon) return soon;
  return (await caches.match(keptName(request.url))) ?? answer;
}

/** Chromium holds scripts and styles in memory as well, and asks nobody for those that need no asking. @param {Request} request */
async function asked(request) {
  const answer = await fetch(request, { cache: "no-cache" });
  if (!["script", "style"].includes(request.destination)) return answer;
  const headers = withoutEncoding(answer.headers);
  headers.set("cache-control", "no-cache");
  return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers });
}

/** The name under which a file is kept: it is the same one whatever stands behind its question mark, and a folder's page has two. @param {string} url */
function keptName(url) {
  const { origin, pathname } = new URL(url);
  return origin + pathname.replace(/\/index\.html$/, "/");
}

/** The body that we hold is unpacked already. @param {Headers} headers */
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
