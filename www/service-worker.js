/**
 * Service worker: keeps what the page loads, so that it works with the network off after the first visit.
 *
 * The network is asked first and the kept copy is the answer when there is none. A new version of the site is thus in use
 * at once, and no visitor is ever held on an old one.
 */

const CACHE = "soundalike";

/** @type {any} The global scope of a service worker, for which the checker has no types beside those of a page. */
const scope = self;

scope.addEventListener("install", () => scope.skipWaiting());
scope.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(scope.clients.claim()));

scope.addEventListener("message", (/** @type {any} */ event) => event.waitUntil(keep(event.data.keep)));

scope.addEventListener("fetch", (/** @type {any} */ event) => {
  /** @type {Request} */
  const request = event.request;
  if (request.method !== "GET" || new URL(request.url).origin !== location.origin) return;
  event.respondWith(networkElseKept(request, (/** @type {Promise<void>} */ work) => event.waitUntil(work)));
});

/** @param {string[]} urls */
async function keep(urls) {
  const cache = await caches.open(CACHE);
  const own = urls.filter((url) => new URL(url).origin === location.origin);
  await Promise.allSettled(own.map(async (url) => (await cache.match(url, { ignoreSearch: true })) ?? cache.add(withoutSearch(url))));
}

/** @param {Request} request @param {(work: Promise<void>) => void} waitUntil */
async function networkElseKept(request, waitUntil) {
  try {
    const response = await fetch(request);
    if (response.ok && response.status !== 206) {
      const copy = response.clone();
      waitUntil(caches.open(CACHE).then((cache) => cache.put(withoutSearch(request.url), copy)));
    }
    return response;
  } catch (error) {
    const kept = await caches.match(request, { ignoreSearch: true });
    if (kept) return kept;
    throw error;
  }
}

/** A page is the same file whatever stands behind its question mark. @param {string} url */
function withoutSearch(url) {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
