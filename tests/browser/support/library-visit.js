/**
 * Library visit: songs, and the page to which the tests of the library check give them. Must be
 * called within a `describe`.
 */

import { mkdirSync, readFileSync, renameSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { afterEach, before, beforeEach } from "node:test";
import { pitchShift } from "./harness.js";
import { countDecoded, siteInChromium } from "./visit.js";

export const RUN_TIMEOUT_MS = 180_000;
const MP3 = ["-c:a", "libmp3lame", "-b:a", "96k"];

export function libraryVisits() {
  const shared = siteInChromium();
  const { audio } = shared;
  const visit = {
    shared,
    page: /** @type {import("playwright-core").Page} */ (/** @type {unknown} */ (undefined)),
    /** A song of 12 s. */
    mine: "",
    /** A folder with a subfolder: 20 songs, two files that can't be checked, and a picture. */
    folder: "",
    /** Paths of these files. */
    files: /** @type {string[]} */ ([]),
    lefts: () => visit.page.locator("input[type=file]").nth(0),
    rights: () => visit.page.locator("input[type=file]").nth(1),
    folders: () => visit.page.locator("input[webkitdirectory]"),
    /** Waits until the line about the run matches. @param {string} words a pattern */
    summary: (words) =>
      visit.page
        .locator("#library-words")
        .filter({ hasText: new RegExp(words) })
        .waitFor({ timeout: RUN_TIMEOUT_MS }),
    /** Lines of the table as arrays of cells. */
    table: () => tableOn(visit.page),
  };

  before(() => {
    const mine = audio.tune("mine.wav", 3, 12);
    const folder = join(dirname(mine), "albums");
    Object.assign(visit, { mine, folder });
    visit.files.push(...makeAlbums(audio, mine, folder));
  });

  beforeEach(async () => {
    visit.page = await shared.browser.newPage();
    await countDecoded(visit.page);
    await visit.page.goto(`${shared.url}?backend=cpu`);
  });

  afterEach(() => visit.page.close());
  return visit;
}

/**
 * Makes the files of the folder.
 * @param {ReturnType<typeof import("./harness.js").audioFolder>} audio
 * @param {string} mine path of your song
 * @param {string} folder
 * @returns {string[]} their paths
 */
function makeAlbums(audio, mine, folder) {
  const files = /** @type {string[]} */ ([]);
  mkdirSync(join(folder, "second"), { recursive: true });
  /** @param {string} path @param {string} [place] */
  const add = (path, place = "") => {
    const moved = join(folder, place, basename(path));
    renameSync(path, moved);
    files.push(moved);
  };
  for (let seed = 1; seed <= 17; seed++) add(audio.tune(`other-${seed}.wav`, 100 + seed, 5));
  add(audio.encoded("higher.mp3", mine, ["-af", pitchShift(1), ...MP3]), "second");
  add(audio.file("again.wav", readFileSync(mine)), "second");
  add(audio.file("once-more.wav", readFileSync(mine)), "second");
  add(audio.file("broken.mp3", "no song ".repeat(500)), "second");
  add(audio.tune("short.wav", 4, 1));
  add(audio.file("cover.jpg", "no picture either"));
  return files;
}

/**
 * The text of the table. Lines that aren't visible are laid out first: before, they have no text.
 * @param {import("playwright-core").Page} page
 * @returns {Promise<string[][]>}
 */
function tableOn(page) {
  return page.locator("#library-rows").evaluate((/** @type {HTMLTableSectionElement} */ body) => {
    const lines = [...body.rows];
    for (const line of lines) line.style.contentVisibility = "visible";
    const table = lines.map((line) => [...line.cells].map((cell) => cell.innerText));
    for (const line of lines) line.style.contentVisibility = "";
    return table;
  });
}
