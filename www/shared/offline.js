/**
 * Offline use: registers the service worker and, once everything is loaded, sends it the list of
 * files.
 */

import { checker } from "./checker.js";

/** Files that may be needed offline without having been loaded before. */
const EXTRAS = [
  "./",
  "site.webmanifest",
  "icon.svg",
  "embed.html",
  "embed.js",
  ...["element.js", "element/report.js", "element/shadow.js"].map((file) => `pkg/${file}`),
  "library/library-view.js",
  "report/pitch-shift.js",
  "report/save.js",
  "example/harbour-lights.mp3",
  "example/midnight-ferry.mp3",
];

/** Modules that cut long songs into chunks, loaded with the first song that may be long. */
const CUTTERS = [
  ...["adts", "flac", "mp3", "mp4", "ogg", "wav", "webm"].map((format) => `${format}/cutter.js`),
  ...["boxes.js", "fragment-boxes.js", "fragments.js", "header.js", "movie-boxes.js", "reader.js"].map(
    (file) => `mp4/${file}`,
  ),
  ...["mp3/reader.js", "ogg/packets.js", "ogg/pages.js", "webm/elements.js", "webm/reader.js"],
  ...["tracks.js", "mp4/tracks.js", "ogg/tracks.js", "webm/tracks.js"],
  ...["block-reader.js", "cut.js", "flac-frame.js", "joined.js", "packet-codecs.js", "ranges.js", "seek.js"],
].map((path) => `pkg/decode/containers/${path}`);

/** They name formats that the browser refuses. The decoder for these is large, and not kept. */
const FOREIGN = ["codecs.js", "foreign.js", "formats.js"].map((file) => `pkg/decode/foreign/${file}`);

/**
 * Files of the engine for a backend. Those of the CPU are always needed: offline, too, WebGPU may
 * fail.
 * @param {string} backend
 */
const engineFiles = (backend) => [`pkg/wasm/${backend}/soundalike.js`, `pkg/wasm/${backend}/soundalike_bg.wasm`];

export function keepForOffline() {
  if (!("serviceWorker" in navigator)) return;
  navigator.serviceWorker
    .register("service-worker.js")
    .then(() => Promise.all([navigator.serviceWorker.ready, checker()]))
    .then(([{ active }, { backend }]) => {
      const extras = [...EXTRAS, ...CUTTERS, ...FOREIGN, ...engineFiles("cpu"), ...engineFiles(backend)].map(
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
