/** The page: songs in, reports out. Wires the parts together; each part draws itself. */

import { CheckerError, soundTracks } from "./pkg/index.js";
import { lowestScoreText } from "./pkg/shared/format.js";
import { LateLibraryView } from "./library/late-view.js";
import { LibraryCheck } from "./library/library-check.js";
import * as pageState from "./page-state.js";
import { ReportView } from "./report/report-view.js";
import { byId } from "./shared/dom.js";
import { ErrorView, knownError } from "./shared/error-view.js";
import { pushReportEntry, watchEntries } from "./shared/history.js";
import { keepForOffline } from "./shared/offline.js";
import { withPart } from "./shared/parts.js";
import { ProgressView } from "./shared/progress-view.js";
import { checker } from "./shared/checker.js";
import { chosenSong, missingSentence, noMusicSentence, placesOf } from "./songs/choice.js";
import { acceptDrops } from "./songs/drop-anywhere.js";
import { DropZone } from "./songs/dropzone.js";
import { exampleSongs } from "./songs/example.js";
import { showKeptSongs, showKeptSongsSoon } from "./songs/kept-songs.js";

/** @typedef {import("./pkg/index.js").Song} Song */
/** @typedef {import("./songs/choice.js").ChosenSong} ChosenSong */
/** @typedef {import("./songs/choice.js").Side} Side */
/** @typedef {import("./songs/dropped-files.js").Found} Found */
/** @typedef {import("./library/library-check.js").Row} Row */

/** @type {Side[]} */
const SIDES = ["left", "right"];

const idle = byId("idle");
const idleWords = byId("idle-words");
const again = byId("again");
const status = byId("status");

/**
 * Your song and the other one, unless the others are a library. They aren't a part of `state`,
 * because they outlive it: a song stays chosen and analysed while its check is cancelled or fails,
 * another report is shown, and its partner changes.
 * @type {Partial<Record<Side, ChosenSong>>}
 */
const chosen = {};
/** @type {import("./page-state.js").PageState} */
let state = pageState.IDLE;

const zones = {
  left: new DropZone(zoneElement("left"), (found) => choose("left", found)),
  right: new DropZone(zoneElement("right"), (found) => choose("right", found)),
};
const errorView = new ErrorView(byId("error"));
const progressView = new ProgressView(byId("progress"), status);
const reportView = new ReportView(status);
const libraryView = new LateLibraryView(status, (row) => {
  pushReportEntry();
  void openRow(row);
});

/** @param {Side} side */
function zoneElement(side) {
  return /** @type {HTMLElement} */ (document.querySelector(`.zone[data-side="${side}"]`));
}

/** Fills in the scores in the introduction. */
function showLowestScores() {
  for (const place of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-lowest-score]")))
    place.textContent = lowestScoreText(String(place.dataset["lowestScore"]));
}

/** @param {Side} side where the files were given @param {Found} found */
function choose(side, found) {
  if (found.songs.length === 0) {
    const sentence = noMusicSentence(found);
    if (sentence) errorView.show(new CheckerError("no-audio", sentence));
    return;
  }
  const replaced = side === "left" ? chosen.right?.file.name : undefined;
  const { songs, library } = placesOf(side, found, chosen.left !== undefined);
  for (const [place, file] of songs) setSong(place, file);
  if (library) setLibrary(library, { leftOut: found.leftOut, replaced });
  start();
}

/** @param {Side} side @param {File} file */
function setSong(side, file) {
  zones[side].offerTracks([], () => {});
  void offerTracks(side, takeSong(side, file));
}

/** Offers the tracks of a file that has several. @param {Side} side @param {ChosenSong} given */
async function offerTracks(side, given) {
  const tracks = await soundTracks(given.file).catch(() => []);
  if (chosen[side] !== given) return;
  zones[side].offerTracks(tracks, ({ file }) => {
    takeSong(side, file);
    start();
  });
}

/** @param {Side} side @param {File} file */
function takeSong(side, file) {
  const { library } = stopEverything();
  chosen[side]?.song.free();
  const given = chosenSong(file);
  chosen[side] = given;
  if (side === "right") state = pageState.IDLE;
  else if (library) setLibrary(library.rows, library.origin);
  zones[side].show(given);
  showIdle();
  return given;
}

/**
 * @param {import("./songs/dropped-files.js").FoundFile[]} files
 * @param {import("./songs/choice.js").Origin} origin
 */
function setLibrary(files, origin) {
  stopEverything();
  chosen.right?.song.free();
  delete chosen.right;
  const library = new LibraryCheck(files, origin, (row) => {
    libraryView.update(row);
    if (row.state === "done") showKeptSongsSoon();
  });
  state = pageState.libraryGiven(library);
  zones.right.showMany(files);
  const { left } = chosen;
  if (left) libraryView.use((view) => view.show(library, left.file.name));
  showIdle();
  if (!left) status.textContent = `${files.length} songs to compare with. ${idleWords.textContent}`;
}

/** Asks for the songs that are still missing. */
function showIdle() {
  const origin = pageState.libraryOf(state)?.origin;
  idleWords.textContent = hasNoSongs() ? "No songs at hand?" : missingSentence(chosen.left !== undefined, origin);
  byId("example").hidden = !hasNoSongs();
}

function hasNoSongs() {
  return !chosen.left && !chosen.right && !pageState.libraryOf(state);
}

function start() {
  const { left, right } = chosen;
  if (!left || !(right || state.name === "library")) return;
  // The introduction is hidden.
  document.body.classList.add("has-songs");
  if (state.name === "library") void runLibrary();
  else if (right) void compare({ left, right });
}

/** Ends all work and closes what is open. @returns the library, which stays */
function stopEverything() {
  pageState.runOf(state)?.abort();
  if (state.name === "row") history.back();
  stopCheck();
  const stopped = pageState.workStopped(state);
  state = stopped;
  clearOutcome();
  libraryView.hide();
  document.body.classList.remove("has-library");
  return { library: pageState.libraryOf(stopped) };
}

function stopCheck() {
  pageState.checkOf(state)?.abort();
  endCheck({ hasReport: false });
}

/** @param {{ hasReport: boolean }} outcome */
function endCheck({ hasReport }) {
  state = pageState.checkEnded(state, hasReport);
  progressView.hide();
  document.body.classList.remove("is-checking");
}

function clearOutcome() {
  reportView.clear();
  errorView.hide();
  again.hidden = true;
  idle.hidden = false;
  byId("back").hidden = state.name !== "row";
}

function cancel() {
  stopCheck();
  status.textContent = "The check was cancelled.";
  if (state.name === "row") return closeRow();
  idle.hidden = false;
  idleWords.textContent = "Cancelled.";
  again.hidden = false;
  again.focus();
}

/** @param {{ left: ChosenSong, right: ChosenSong }} songs */
async function compare({ left, right }) {
  stopCheck();
  clearOutcome();
  const mine = new AbortController();
  const isMine = () => pageState.checkOf(state) === mine;
  state = pageState.checkStarted(state, mine);
  idle.hidden = true;
  document.body.classList.add("is-checking");
  progressView.show();
  const names = { left: left.file.name, right: right.file.name };
  const startedAt = performance.now();
  const drawn = new Set();
  /** @param {Side} side @param {Song} song */
  const draw = (side, song) => {
    if (song.peaks.length === 0 || drawn.has(side) || (pageState.libraryOf(state) && side === "right")) return;
    drawn.add(side);
    zones[side].showWave(song.peaks, song.durationSecs);
  };
  let hasReport = false;
  try {
    const ready = await checker();
    const report = await ready.compare(left.song, right.song, {
      signal: mine.signal,
      onProgress: (progress) => {
        if (!isMine()) return;
        progressView.update(progress, names);
        draw("left", left.song);
        draw("right", right.song);
      },
    });
    if (!isMine()) return;
    draw("left", left.song);
    draw("right", right.song);
    const elapsedSecs = (performance.now() - startedAt) / 1000;
    await reportView.show(report, { left, right }, { elapsedSecs, signal: mine.signal });
    hasReport = true;
  } catch (cause) {
    if (isMine()) showError(cause);
  } finally {
    if (isMine()) {
      endCheck({ hasReport });
      void showKeptSongs();
    }
  }
}

async function runLibrary() {
  const { left } = chosen;
  if (!left || state.name !== "library") return;
  const mine = new AbortController();
  const { library } = state;
  state = pageState.runStarted(state, mine);
  idle.hidden = true;
  errorView.hide();
  document.body.classList.add("has-library");
  libraryView.use((view) => {
    view.reveal();
    view.markRunning(true);
  });
  try {
    await library.run(left.song, mine.signal, () => zones.left.showWave(left.song.peaks, left.song.durationSecs));
  } catch (cause) {
    if (!mine.signal.aborted) showError(cause);
    mine.abort();
  } finally {
    if (pageState.runOf(state) === mine) {
      state = pageState.runEnded(state);
      libraryView.use((view) => view.markRunning(false));
    }
    void showKeptSongs();
  }
}

/** @param {Row} row */
async function openRow(row) {
  const { left } = chosen;
  if (!left || state.name !== "library") return;
  const right = chosenSong(row.file);
  state = pageState.rowOpened(state, row);
  libraryView.hide();
  const done = compare({ left, right });
  byId("back").focus();
  scrollTo({ top: 0 });
  await done;
  right.song.free();
}

function closeRow() {
  backToLibrary();
  history.back();
}

function backToLibrary() {
  stopCheck();
  if (state.name !== "row") return;
  const { row } = state;
  state = pageState.rowClosed(state);
  clearOutcome();
  idle.hidden = true;
  libraryView.use((view) => {
    view.reveal();
    view.focusRow(row.index);
  });
}

/** @param {unknown} cause */
function showError(cause) {
  const known = knownError(cause);
  const zone = known.side && !(pageState.libraryOf(state) && known.side === "right") ? zones[known.side] : undefined;
  zone?.markBad();
  again.hidden = Boolean(zone) || !(chosen.left && chosen.right);
  idle.hidden = again.hidden && Boolean(chosen.left || chosen.right);
  if (again.hidden) showIdle();
  else idleWords.textContent = "";
  errorView.show(known, zone && (() => zone.openDialogue()));
  // The focused button is hidden together with the progress.
  if (byId("progress").contains(document.activeElement)) (errorView.button ?? again).focus();
}

async function runExample() {
  const button = /** @type {HTMLButtonElement} */ (byId("example"));
  button.disabled = true;
  errorView.hide();
  idleWords.textContent = "Loading the example …";
  try {
    const files = await exampleSongs();
    // Meanwhile the visitor may have given a song.
    if (hasNoSongs())
      choose("left", { songs: files.map((file) => ({ file, folder: "" })), leftOut: 0, isFolder: false });
  } catch (cause) {
    showError(cause);
  } finally {
    button.disabled = false;
  }
}

function restart() {
  stopEverything();
  document.body.classList.remove("has-songs");
  state = pageState.IDLE;
  for (const side of SIDES) {
    chosen[side]?.song.free();
    delete chosen[side];
    zones[side].clear();
  }
  showIdle();
  zones.left.focus();
  scrollTo({ top: 0 });
}

byId("cancel").addEventListener("click", cancel);
again.addEventListener("click", start);
byId("example").addEventListener("click", () => void runExample());
for (const id of ["restart", "library-restart"]) byId(id).addEventListener("click", restart);
byId("back").addEventListener("click", closeRow);
byId("library-cancel").addEventListener("click", () => pageState.runOf(state)?.abort());
byId("library-continue").addEventListener("click", () => void runLibrary());
byId("library-csv").addEventListener("click", () => {
  const library = pageState.libraryOf(state);
  const { left } = chosen;
  if (!library || !left) return;
  void withPart(
    () => import("./report/save.js"),
    ({ saveLibraryCsv }) => saveLibraryCsv(left.file.name, library.rows),
  );
});

addEventListener("keydown", ({ key }) => {
  if (key !== "Escape") return;
  if (pageState.checkOf(state)) cancel();
  else if (reportView.isPlaying) reportView.stopPlaying();
  // The run behind an opened report isn't visible, so that Escape must not end it.
  else if (state.name === "row") closeRow();
  else pageState.runOf(state)?.abort();
});

// The browser's own Back and Forward.
watchEntries((isReport) => {
  if (state.name === "row") backToLibrary();
  else if (isReport && state.name === "library" && state.lastRow) void openRow(state.lastRow);
});

// Songs dropped beside the zones go to the first free side.
acceptDrops((found) => choose(chosen.left || found.isFolder ? "right" : "left", found));

showLowestScores();
void showKeptSongs();
keepForOffline();
// The engine loads while the visitor looks for the files; if that fails, the check says why.
(globalThis.requestIdleCallback ?? setTimeout)(() => void checker().catch(() => {}));
