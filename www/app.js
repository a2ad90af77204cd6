/** The page: two songs in, a report out. Wires the parts together and owns the state; each part draws itself. */

import { CheckerError, Song, createChecker } from "./pkg/index.js";
import { DropZone } from "./dropzone.js";
import { showFacts } from "./facts.js";
import { linkPassages } from "./linking.js";
import { PassagePlayer } from "./player.js";
import { ProgressView } from "./progress-view.js";
import { showHeatMap } from "./heatmap.js";
import { showPassages } from "./passages.js";
import { showTimeline } from "./timeline.js";
import { saveCsv, saveJson } from "./save.js";
import { showVerdict, verdictTitle } from "./verdict.js";
import { scoreText } from "./format.js";

/** @typedef {import("./pkg/index.js").Report} Report */
/** @typedef {"left" | "right"} Side */

/** @type {Side[]} */
const SIDES = ["left", "right"];
/** The right one plays half a minute of the left one, two semitones higher and 8 % faster, between other music. */
const EXAMPLE = { left: "example/harbour-lights.mp3", right: "example/midnight-ferry.mp3" };

/** @template {HTMLElement} E @param {string} id @returns {E} */
function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return /** @type {E} */ (element);
}

const result = byId("result");
const error = byId("error");
const again = byId("again");
const status = byId("status");

/** @type {Partial<Record<Side, { file: File, song: Song }>>} */
const chosen = {};
/** @type {AbortController | undefined} */
let check;
/** @type {Report | undefined} */
let report;
/** @type {Promise<import("./pkg/index.js").Checker> | undefined} */
let checkerPromise;

const zones = {
  left: new DropZone(zoneElement("left"), (files) => choose("left", files)),
  right: new DropZone(zoneElement("right"), (files) => choose("right", files)),
};
const progressView = new ProgressView(byId("progress"), status);

/** @type {import("./timeline.js").Timeline | undefined} */
let timeline;
/** @type {import("./heatmap.js").HeatMap | undefined} */
let heatMap;
/** @type {import("./passages.js").PassageList | undefined} */
let passageList;
/** @type {number | undefined} */
let playing;
const player = new PassagePlayer(
  (leftSecs, rightSecs) => {
    timeline?.playheads(leftSecs, rightSecs);
    heatMap?.playheads(leftSecs, rightSecs);
  },
  () => markPlaying(undefined),
);

/** The engine, loaded once; a failure is forgotten, so that the next check tries again. */
function checker() {
  checkerPromise ??= createChecker({ backend: backendChoice() }).catch((cause) => {
    checkerPromise = undefined;
    throw cause;
  });
  return checkerPromise;
}

/** `?backend=cpu` or `?backend=webgpu` insists on one. */
function backendChoice() {
  const choice = new URLSearchParams(location.search).get("backend");
  return choice === "cpu" || choice === "webgpu" ? choice : "auto";
}

/** @param {Side} side */
function zoneElement(side) {
  return /** @type {HTMLElement} */ (document.querySelector(`.zone[data-side="${side}"]`));
}

/** Two files at once fill both sides, the first one the side it was given to. @param {Side} side @param {File[]} files */
function choose(side, files) {
  const other = side === "left" ? "right" : "left";
  const [first, second] = files;
  if (first) setSong(side, first);
  if (second) setSong(other, second);
  if (chosen.left && chosen.right) void compare();
}

/** @param {Side} side @param {File} file */
function setSong(side, file) {
  stopCheck();
  clearOutcome();
  chosen[side]?.song.free();
  chosen[side] = { file, song: new Song(file) };
  zones[side].show(file);
}

function stopCheck() {
  check?.abort();
  check = undefined;
  progressView.hide();
}

function cancel() {
  stopCheck();
  byId("idle").hidden = false;
  again.hidden = false;
  again.focus();
  status.textContent = "The check was cancelled.";
}

function clearOutcome() {
  player.stop();
  markPlaying(undefined);
  report = undefined;
  result.hidden = true;
  delete result.dataset["verdict"];
  delete result.dataset["score"];
  error.hidden = true;
  again.hidden = true;
  byId("idle").hidden = false;
  document.body.classList.remove("has-result");
}

async function compare() {
  const { left, right } = chosen;
  if (!left || !right) return;
  stopCheck();
  clearOutcome();
  const mine = new AbortController();
  check = mine;
  byId("idle").hidden = true;
  progressView.show();
  const drawn = new Set();
  const startedAt = performance.now();
  try {
    const ready = await checker();
    const answer = await ready.compare(left.song, right.song, {
      signal: mine.signal,
      onProgress: (progress) => {
        if (check !== mine) return;
        progressView.update(progress, { left: left.file.name, right: right.file.name });
        for (const [side, { song }] of /** @type {const} */ ([["left", left], ["right", right]])) {
          if (song.peaks.length === 0 || drawn.has(side)) continue;
          drawn.add(side);
          zones[side].showWave(song.peaks, song.durationSecs);
        }
      },
    });
    if (check === mine) showReport(answer, left, right, (performance.now() - startedAt) / 1000);
  } catch (cause) {
    if (check === mine) showError(cause);
  } finally {
    if (check === mine) {
      check = undefined;
      progressView.hide();
    }
  }
}

/**
 * @param {Report} answer
 * @param {{ file: File, song: Song }} left
 * @param {{ file: File, song: Song }} right
 * @param {number} elapsedSecs
 */
function showReport(answer, left, right, elapsedSecs) {
  report = answer;
  result.hidden = false;
  document.body.classList.add("has-result");
  zones.left.showWave(left.song.peaks, left.song.durationSecs);
  zones.right.showWave(right.song.peaks, right.song.durationSecs);
  timeline = showTimeline(/** @type {HTMLElement} */ (result.querySelector(".links-body")), answer, {
    left: left.song.peaks,
    right: right.song.peaks,
  });
  heatMap = showHeatMap(byId("heatmap"), answer);
  passageList = showPassages(byId("passages"), answer, togglePlaying);
  byId("passages-card").hidden = answer.passages.length === 0;
  byId("columns").classList.toggle("no-passages", answer.passages.length === 0);
  const facts = /** @type {HTMLElement} */ (byId("facts").querySelector("dl"));
  void showFacts(facts, answer, { left: left.file, right: right.file }, new Date());
  player.load(left.file, right.file);
  showVerdict(result, answer, { elapsedSecs });
  status.textContent = `${verdictTitle(answer.verdict)}, score ${scoreText(answer.score)}.`;
  result.focus({ preventScroll: true });
}

/** @param {unknown} cause */
function showError(cause) {
  const known = cause instanceof CheckerError ? cause : new CheckerError("crashed", "Something went wrong. Try again.", { cause });
  byId("idle").hidden = false;
  if (!(cause instanceof CheckerError)) console.error(cause);
  if (known.side) zones[known.side].markBad();
  else again.hidden = false;
  error.dataset["code"] = known.code;
  const title = document.createElement("strong");
  title.textContent = known.side ? "This song can’t be checked. " : "The check did not finish. ";
  error.replaceChildren(title, known.message);
  error.hidden = false;
}

/** @param {number} index */
function togglePlaying(index) {
  if (playing === index) {
    player.stop();
    markPlaying(undefined);
    return;
  }
  const passage = report?.passages[index];
  if (!passage) return;
  const mode = new FormData(playModeForm()).get("play-mode") === "in-turn" ? "in-turn" : "together";
  void player.play(passage, mode);
  markPlaying(index);
}

function playModeForm() {
  const form = document.createElement("form");
  form.append(byId("play-mode").cloneNode(true));
  return form;
}

/** @param {number | undefined} index */
function markPlaying(index) {
  playing = index;
  passageList?.markPlaying(index);
}

async function runExample() {
  const files = await Promise.all(
    SIDES.map(async (side) => {
      const response = await fetch(EXAMPLE[side]);
      if (!response.ok) throw new CheckerError("decode-failed", "The example could not be loaded.");
      return new File([await response.blob()], EXAMPLE[side].replace(/^.*\//, ""), { type: "audio/mpeg" });
    }),
  );
  choose("left", files);
}

function restart() {
  stopCheck();
  clearOutcome();
  for (const side of SIDES) {
    chosen[side]?.song.free();
    delete chosen[side];
    zones[side].clear();
  }
  zones.left.focus();
  scrollTo({ top: 0 });
}

byId("cancel").addEventListener("click", cancel);
again.addEventListener("click", () => void compare());
byId("example").addEventListener("click", () => runExample().catch(showError));
byId("restart").addEventListener("click", restart);
byId("print").addEventListener("click", () => print());
byId("save-json").addEventListener("click", () => report && saveJson(report));
byId("save-csv").addEventListener("click", () => report && saveCsv(report));
linkPassages(result, togglePlaying);
addEventListener("beforeprint", () => byId("facts").setAttribute("open", ""));

// Songs dropped beside the zones: one goes to the first free side.
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  const files = [...(event.dataTransfer?.files ?? [])];
  if (files.length > 0) choose(chosen.left && !chosen.right ? "right" : "left", files);
});

// After the first visit the page works with the network off.
if ("serviceWorker" in navigator) {
  navigator.serviceWorker
    .register("service-worker.js")
    .then(() => navigator.serviceWorker.ready)
    // What was loaded before there was a service worker is kept by name.
    .then(({ active }) => checker().finally(() => active?.postMessage({ keep: loadedUrls() })))
    .catch((cause) => console.info("Soundalike: no offline use here:", cause));
}

function loadedUrls() {
  return [location.href, ...performance.getEntriesByType("resource").map(({ name }) => name)];
}

// The engine loads while the visitor looks for the files; if that fails, the check says why.
(globalThis.requestIdleCallback ?? setTimeout)(() => void checker().catch(() => {}));
