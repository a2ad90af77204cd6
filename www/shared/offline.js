/** Offline use: registers the service worker and tells it, once all is loaded, what the page is made of. */

import { checker } from "../songs/checker.js";

/** What a visitor may want offline without having loaded it before, and what only the worker loads. */
const EXTRAS = [
  "./",
  "site.webmanifest",
  "icon.svg",
  "embed.html",
  "embed.js",
  "pkg/element.js",
  "example/harbour-lights.mp3",
  "example/midnight-ferry.mp3",
];

/** What cuts long songs up: each cutter is loaded when the first song of its format comes. */
const CUTTERS = [
  ...["adts", "flac", "mp3", "mp4", "ogg", "wav", "webm"].map((format) => `${format}/cutter.js`),
  ...["boxes.js", "fragment-boxes.js", "fragments.js", "header.js", "movie-boxes.js", "reader.js"].map(
    (file) => `mp4/${file}`,
  ),
  ...["flac/frame.js", "mp3/reader.js", "ogg/packets.js", "ogg/pages.js", "webm/elements.js", "webm/reader.js"],
  ...["block-reader.js", "cut.js", "packet-codecs.js", "seek.js"],
].map((path) => `pkg/decode/containers/${path}`);

/** Files of the engine for a backend; without a network WebGPU may still fail, and the CPU must then be there. @param {string} backend */
const engineFiles = (backend) => [`pkg/wasm/${backend}/soundalike.js`, `pkg/wasm/${backend}/soundalike_bg.wasm`];

export function keepForOffline() {
  if (!("serviceWorker" in navigator)) return;
  navigator.serviceWorker
    .register("service-worker.js")
    .then(() => Promise.all([navigator.serviceWorker.ready, checker()]))
    .then(([{ active }, { backend }]) => {
      const extras = [...EXTRAS, ...CUTTERS, ...engineFiles("cpu"), ...engineFiles(backend)].map(
        (path) => new URL(path, location.href).href,
      );
      active?.postMessage({ keep: [...new Set([...extras, ...loadedUrls()])] });
    })
    .catch((cause) => console.info("Soundalike: no offline use here:", cause));
}

function loadedUrls() {
  const urls = performance.getEntriesByType("resource").map(({ name }) => name);
  return urls.filter((url) => url.startsWith(location.origin) && !url.includes("?"));
}
