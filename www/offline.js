/** Offline use: registers the service worker and tells it, once all is loaded, what the page is made of. */

import { checker } from "./checker.js";

/** What a visitor may want offline without having loaded it before. */
const EXTRAS = ["./", "embed.html", "embed.js", "pkg/element.js", "example/harbour-lights.mp3", "example/midnight-ferry.mp3"];

export function keepForOffline() {
  if (!("serviceWorker" in navigator)) return;
  navigator.serviceWorker
    .register("service-worker.js")
    .then(() => Promise.all([navigator.serviceWorker.ready, checker().catch(() => {})]))
    .then(([{ active }]) => active?.postMessage({ keep: [...new Set([...EXTRAS.map((path) => new URL(path, location.href).href), ...loadedUrls()])] }))
    .catch((cause) => console.info("Soundalike: no offline use here:", cause));
}

function loadedUrls() {
  const urls = performance.getEntriesByType("resource").map(({ name }) => name);
  return urls.filter((url) => url.startsWith(location.origin) && !url.includes("?"));
}
