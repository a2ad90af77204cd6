/** The page: songs in, reports out. Owns the state and wires the parts together; each part draws itself. */

import { CheckerError, Song } from "./pkg/index.js";
import { checker } from "./songs/checker.js";
import { byId, element } from "./shared/dom.js";
import { droppedFiles } from "./songs/dropped-files.js";
import { DropZone } from "./songs/dropzone.js";
import { showKeptSongs, showKeptSongsSoon } from "./songs/kept-songs.js";
import { LibraryCheck } from "./library/library-check.js";
import { LibraryView } from "./library/library-view.js";
import { keepForOffline } from "./shared/offline.js";
import { ProgressView } from "./shared/progress-view.js";
import { ReportView } from "./report/report-view.js";
import { saveLibraryCsv } from "./report/save.js";

/** @typedef {"left" | "right"} Side */
/** @typedef {import("./songs/dropped-files.js").Found} Found */
/** @typedef {import("./library/library-check.js").Row} Row */
/** @typedef {import("./report/report-view.js").ChosenSong} ChosenSong */

/** @type {Side[]} */
const SIDES = ["left", "right"];
/** The right one plays half a minute of the left one, two semitones higher and 8 % faster, between other music. */
const EXAMPLE = { left: "example/harbour-lights.mp3", right: "example/midnight-ferry.mp3" };

const idle = byId("idle");
const idleWords = byId("idle-words");
const error = byId("error");
const again = byId("again");
const status = byId("status");

/** Your song, and either the other one or the many that it is compared with. @type {Partial<Record<Side, ChosenSong>>} */
const chosen = {};
/** @type {LibraryCheck | undefined} */
let library;
/** The comparison of two songs that is going on. @type {AbortController | undefined} */
let check;
/** The run through the library that is going on. @type {AbortController | undefined} */
let run;
/** The row of the table whose report is shown or on its way, which is an entry of its own in the browser's history. @type {Row | undefined} */
let opened;
/** The row to which the browser's Forward button leads. @type {Row | undefined} */
let lastOpened;
/** What the address ended in at the present entry: links within the page make entries, too. */
let fragment = location.hash;

const zones = {
  left: new DropZone(zoneElement("left"), (found) => choose("left", found)),
  right: new DropZone(zoneElement("right"), (found) => choose("right", found)),
};
const progressView = new ProgressView(byId("progress"), status);
const reportView = new ReportView(status);
const libraryView = new LibraryView(status, (row) => {
  history.pushState({ isReport: true }, "");
  void openRow(row);
});

/** @param {Side} side */
function zoneElement(side) {
  return /** @type {HTMLElement} */ (document.querySelector(`.zone[data-side="${side}"]`));
}

/**
 * One file goes to the side it was given to. Two fill both sides, unless your song is there already. More, or a folder,
 * are what your song is compared with.
 * @param {Side} side
 * @param {Found} found
 */
function choose(side, { songs, leftOut, isFolder, isText }) {
  const [first, second, ...more] = songs;
  if (!first) {
    const noFiles = isText
      ? "This is a link or text and not a file. Save the song first, then drop its file here."
      : "";
    const noMusic = isFolder
      ? "There is no music in this folder."
      : leftOut > 0
        ? "None of these files is music that a browser plays."
        : noFiles;
    if (noMusic) tellError(new CheckerError("no-audio", noMusic));
    return;
  }
  const replaced = side === "left" ? chosen.right?.file.name : undefined;
  const isPair = second && more.length === 0 && !isFolder && !(side === "right" && chosen.left);
  if (!second && !isFolder) setSong(side, first.file);
  else if (isPair) {
    setSong(side, first.file);
    setSong(side === "left" ? "right" : "left", second.file);
  } else if (side === "left" && !isFolder) {
    setSong("left", first.file);
    setLibrary(songs.slice(1), { leftOut, replaced });
  } else setLibrary(songs, { leftOut, replaced });
  start();
}

/** @param {Side} side @param {File} file */
function setSong(side, file) {
  stopEverything();
  chosen[side]?.song.free();
  chosen[side] = { file, song: new Song(file) };
  if (side === "right") library = undefined;
  else if (library) setLibrary(library.rows, library.origin);
  zones[side].show(file);
  showIdle();
}

/** @param {import("./songs/dropped-files.js").FoundFile[]} files @param {import("./library/library-check.js").Origin} origin */
function setLibrary(files, origin) {
  stopEverything();
  chosen.right?.song.free();
  delete chosen.right;
  library = new LibraryCheck(files, origin, (row) => {
    libraryView.update(row);
    if (row.state === "done") showKeptSongsSoon();
  });
  zones.right.showMany(files);
  if (chosen.left) libraryView.show(library, chosen.left.file.name);
  showIdle();
  if (!chosen.left) status.textContent = `${files.length} songs to compare with. ${idleWords.textContent}`;
}

/** What is still to be done before a check, in words. */
function showIdle() {
  const replaced = library?.origin.replaced;
  const room = replaced ? `“${replaced}” made room for this folder. ` : "";
  const other = library ? "" : "Now choose the song to compare it with, or several, or drop them anywhere.";
  idleWords.textContent = chosen.left
    ? other
    : chosen.right || library
      ? `${room}Now choose your song, or drop it anywhere.`
      : "No songs at hand?";
  byId("example").hidden = Boolean(chosen.left || chosen.right || library);
}

function start() {
  if (!chosen.left || !(chosen.right || library)) return;
  // The introduction makes room.
  document.body.classList.add("has-songs");
  if (library) void runLibrary();
  else if (chosen.right) void compare({ left: chosen.left, right: chosen.right });
}

function stopEverything() {
  run?.abort();
  run = undefined;
  if (opened) history.back();
  opened = undefined;
  stopCheck();
  clearOutcome();
  libraryView.hide();
  document.body.classList.remove("has-library");
}

function stopCheck() {
  check?.abort();
  endCheck();
}

function endCheck() {
  check = undefined;
  progressView.hide();
  document.body.classList.remove("is-checking");
}

function clearOutcome() {
  reportView.clear();
  error.hidden = true;
  again.hidden = true;
  idle.hidden = false;
  byId("back").hidden = opened === undefined;
}

function cancel() {
  stopCheck();
  status.textContent = "The check was cancelled.";
  if (opened) return closeRow();
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
  check = mine;
  idle.hidden = true;
  document.body.classList.add("is-checking");
  progressView.show();
  const names = { left: left.file.name, right: right.file.name };
  const startedAt = performance.now();
  const drawn = new Set();
  /** @param {Side} side @param {Song} song */
  const draw = (side, song) => {
    if (song.peaks.length === 0 || drawn.has(side) || (library && side === "right")) return;
    drawn.add(side);
    zones[side].showWave(song.peaks, song.durationSecs);
  };
  try {
    const ready = await checker();
    const report = await ready.compare(left.song, right.song, {
      signal: mine.signal,
      onProgress: (progress) => {
        if (check !== mine) return;
        progressView.update(progress, names);
        draw("left", left.song);
        draw("right", right.song);
      },
    });
    if (check !== mine) return;
    draw("left", left.song);
    draw("right", right.song);
    const elapsedSecs = (performance.now() - startedAt) / 1000;
    await reportView.show(report, { left, right }, { elapsedSecs, signal: mine.signal });
  } catch (cause) {
    if (check === mine) showError(cause);
  } finally {
    if (check === mine) {
      endCheck();
      void showKeptSongs();
    }
  }
}

async function runLibrary() {
  const { left } = chosen;
  if (!left || !library) return;
  const mine = new AbortController();
  run = mine;
  idle.hidden = true;
  error.hidden = true;
  document.body.classList.add("has-library");
  libraryView.reveal();
  libraryView.markRunning(true);
  try {
    await library.run(left.song, mine.signal, () => zones.left.showWave(left.song.peaks, left.song.durationSecs));
  } catch (cause) {
    if (run === mine && !mine.signal.aborted) showError(cause);
    mine.abort();
  } finally {
    if (run === mine) {
      run = undefined;
      libraryView.markRunning(false);
    }
    void showKeptSongs();
  }
}

/** @param {Row} row */
async function openRow(row) {
  const { left } = chosen;
  if (!left) return;
  const right = { file: row.file, song: new Song(row.file) };
  opened = lastOpened = row;
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
  const row = opened;
  opened = undefined;
  stopCheck();
  clearOutcome();
  idle.hidden = true;
  libraryView.reveal();
  if (row) libraryView.focusRow(row.index);
}

/** @param {unknown} cause */
function showError(cause) {
  const known =
    cause instanceof CheckerError ? cause : new CheckerError("crashed", "Something went wrong. Try again.", { cause });
  if (!(cause instanceof CheckerError)) console.error(cause);
  const zone = known.side && !(library && known.side === "right") ? zones[known.side] : undefined;
  zone?.markBad();
  again.hidden = Boolean(zone) || !(chosen.left && chosen.right);
  idle.hidden = again.hidden && Boolean(chosen.left || chosen.right);
  if (again.hidden) showIdle();
  else idleWords.textContent = "";
  tellError(known, zone);
  // The button that has the keyboard goes with the progress.
  if (byId("progress").contains(document.activeElement)) (error.querySelector("button") ?? again).focus();
}

/** Whatever else is shown stays. @param {CheckerError} known @param {DropZone} [zone] where another song is to be given */
function tellError(known, zone) {
  error.dataset["code"] = known.code;
  const title = document.createElement("strong");
  title.textContent = known.side
    ? "This song can’t be checked. "
    : known.code === "no-audio"
      ? "Nothing to compare. "
      : "The check did not finish. ";
  error.replaceChildren(element("p", "", title, known.message));
  if (zone) {
    const another = element("button", "", "Choose another file");
    another.type = "button";
    another.addEventListener("click", () => zone.openDialogue());
    error.append(another);
  }
  error.hidden = false;
  error.scrollIntoView({ block: "nearest" });
}

async function runExample() {
  const button = /** @type {HTMLButtonElement} */ (byId("example"));
  button.disabled = true;
  error.hidden = true;
  idleWords.textContent = "Loading the example …";
  try {
    const files = await Promise.all(SIDES.map(exampleSong));
    // While it was on its way, the visitor may have given a song.
    if (!chosen.left && !chosen.right && !library)
      choose("left", { songs: files.map((file) => ({ file, folder: "" })), leftOut: 0, isFolder: false });
  } catch (cause) {
    showError(cause);
  } finally {
    button.disabled = false;
  }
}

/** @param {Side} side */
async function exampleSong(side) {
  const response = await fetch(EXAMPLE[side]).catch(() => undefined);
  if (!response?.ok)
    throw new CheckerError("decode-failed", "The example could not be loaded. Check the connection and try again.");
  return new File([await response.blob()], EXAMPLE[side].replace(/^.*\//, ""), { type: "audio/mpeg" });
}

function restart() {
  stopEverything();
  document.body.classList.remove("has-songs");
  library = undefined;
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
byId("library-cancel").addEventListener("click", () => run?.abort());
byId("library-continue").addEventListener("click", () => void runLibrary());
byId("library-csv").addEventListener(
  "click",
  () => library && chosen.left && saveLibraryCsv(chosen.left.file.name, library.rows),
);

addEventListener("keydown", ({ key }) => {
  if (key !== "Escape") return;
  if (check) cancel();
  else if (reportView.isPlaying) reportView.stopPlaying();
  // The run behind an opened report is out of sight.
  else if (opened) closeRow();
  else run?.abort();
});

// The browser's own Back and Forward.
addEventListener("popstate", ({ state }) => {
  const isWithinEntry = location.hash !== fragment;
  fragment = location.hash;
  if (isWithinEntry) return;
  if (opened) backToLibrary();
  else if (state?.isReport && lastOpened && library?.rows.includes(lastOpened)) void openRow(lastOpened);
});

// Songs dropped beside the zones: the first goes to the first free side.
addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dragging");
});
addEventListener("dragleave", ({ relatedTarget }) => {
  if (!relatedTarget) document.body.classList.remove("dragging");
});
// A zone keeps its drops to itself.
addEventListener("drop", () => document.body.classList.remove("dragging"), { capture: true });
addEventListener("drop", async (event) => {
  event.preventDefault();
  const found = await droppedFiles(event.dataTransfer);
  choose(chosen.left || found.isFolder ? "right" : "left", found);
});

void showKeptSongs();
keepForOffline();
// The engine loads while the visitor looks for the files; if that fails, the check says why.
(globalThis.requestIdleCallback ?? setTimeout)(() => void checker().catch(() => {}));
