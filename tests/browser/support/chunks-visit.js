/**
 * Chunks visit: a song in any format, decoded in chunks and at once in Chromium and in Firefox.
 * Must be called within a `describe`.
 */

import assert from "node:assert/strict";
import { readFileSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { SITE, audioFolder, launchChromium, serveSite } from "./harness.js";
import { Firefox } from "./webdriver.js";

/** @typedef {import("./chunks-page.js").Comparison} Comparison */
/** @typedef {"Chromium" | "Firefox"} BrowserName */

const PAGE = "chunks-page.js";

/** Long enough for three chunks, so that one has a chunk on both sides. */
export const SONG_SECS = 62;
/**
 * Largest difference of samples for MP3. Chromium's resampler rounds differently if it starts
 * elsewhere. Firefox's MP3 decoder gives whole steps of 16 bits and carries the rounding error into
 * the next sample. So it differs by a step if it starts elsewhere, and after resampling by two.
 */
const TOLERANCES = { Chromium: 1e-6, Firefox: 2 ** -13 };
/** Largest difference for all other formats, which are not rounded. */
export const TOLERANCE = 1e-6;

/** @typedef {[name: string, options: string[], change: (bytes: Buffer) => Buffer]} ChangedFile */

// Options of ffmpeg.
export const MP3 = ["-c:a", "libmp3lame", "-b:a", "128k"];
export const mp3 = (/** @type {string[]} */ ...options) => ["-c:a", "libmp3lame", ...options];
export const flac = (/** @type {string[]} */ ...options) => ["-c:a", "flac", ...options];
/** AAC without noise that the decoder generates. */
export const m4a = (/** @type {string[]} */ ...options) => ["-c:a", "aac", "-aac_pns", "0", "-b:a", "128k", ...options];
export const fragments = (/** @type {string} */ flags, /** @type {string[]} */ ...options) =>
  m4a("-movflags", `+frag_keyframe${flags}`, "-frag_duration", "2000000", ...options);
export const vorbis = (/** @type {string[]} */ ...options) => ["-c:a", "libvorbis", ...options];
export const opus = (/** @type {string[]} */ ...options) => ["-c:a", "libopus", ...options];
export const wav = (/** @type {string} */ format, /** @type {string[]} */ ...options) => ["-c:a", format, ...options];

/** A video track beside the song. @param {string} codec @param {string[]} options */
export const picture = (codec, options) => [
  "-f",
  "lavfi",
  "-i",
  "testsrc=size=320x240",
  "-shortest",
  "-c:v",
  codec,
  ...options,
];

/** The song, and a page in both browsers. */
export function chunksVisits() {
  const audio = audioFolder();
  /** @type {Awaited<ReturnType<typeof serveSite>>} */
  let site;
  /** @type {import("playwright-core").Browser} */
  let chromium;
  /** @type {Firefox} */
  let firefox;
  const visit = {
    audio,
    /** Path of the song, a WAV file in stereo. */
    song: "",
    page: /** @type {import("playwright-core").Page} */ (/** @type {unknown} */ (undefined)),
    /** Opens a new page in Chromium. */
    openPage: async () => {
      const page = await chromium.newPage();
      await page.goto(site.url);
      return page;
    },
    /**
     * Makes a file of the song, whose ending is the first word of the name.
     * @param {string} what
     * @param {string[]} options
     * @param {(bytes: Buffer) => Buffer} [change]
     */
    encoded: (what, options, change) => encodedSong(audio, visit.song, what, options, change),
    /**
     * @param {string} name of a file in the folder
     * @param {string} [fault]
     * @returns {Promise<[BrowserName, Comparison][]>} by browser
     */
    compared: (name, fault = "") => comparisons(visit.page, firefox, [name, fault]),
    /** The results of `endings` in both browsers. @param {string} name of a file in the folder */
    endings: (name) =>
      Promise.all([
        visit.page.evaluate((file) => /** @type {any} */ (globalThis).endings(file), name),
        firefox.run((file) => /** @type {any} */ (globalThis).endings(file), name),
      ]),
  };

  before(async () => {
    visit.song = stereoSong(audio);
    site = await serveSite(pageFolder(audio));
    chromium = await launchChromium();
    visit.page = await visit.openPage();
    firefox = await Firefox.launch();
    await firefox.open(site.url);
  });

  after(async () => {
    await firefox?.close();
    await chromium?.close();
    site?.close();
    audio.remove();
  });
  return visit;
}

/** @param {ReturnType<typeof audioFolder>} audio */
function stereoSong(audio) {
  const left = audio.tune("left.wav", 1, SONG_SECS);
  const right = audio.tune("right.wav", 7, SONG_SECS);
  return audio.encoded("song.wav", left, ["-i", right, "-filter_complex", "[0][1]amerge=inputs=2"]);
}

/**
 * @param {ReturnType<typeof audioFolder>} audio
 * @param {string} song
 * @param {string} what
 * @param {string[]} options
 * @param {(bytes: Buffer) => Buffer} [change]
 */
function encodedSong(audio, song, what, options, change) {
  const [ending] = what.split(" ");
  const name = `${what.replaceAll(/\W+/g, "-")}.${ending}`;
  const path = audio.encoded(name, song, options);
  if (change) audio.file(name, change(readFileSync(path)));
  return name;
}

/**
 * @param {import("playwright-core").Page} page in Chromium
 * @param {Firefox} firefox
 * @param {[name: string, fault: string]} given
 * @returns {Promise<[BrowserName, Comparison][]>}
 */
async function comparisons(page, firefox, given) {
  const [inChromium, inFirefox] = await Promise.all([
    page.evaluate((given) => /** @type {any} */ (globalThis).compare(...given), given),
    firefox.run((...given) => /** @type {any} */ (globalThis).compare(...given), ...given),
  ]);
  return [
    ["Chromium", inChromium],
    ["Firefox", inFirefox],
  ];
}

/**
 * The folder of the files, with a page and the package.
 * @param {ReturnType<typeof audioFolder>} audio
 */
function pageFolder(audio) {
  const script = readFileSync(fileURLToPath(new URL(PAGE, import.meta.url)));
  const folder = dirname(audio.file(PAGE, script));
  audio.file(
    "index.html",
    `<!doctype html><meta charset="utf-8"><title>chunks</title><script type="module" src="${PAGE}"></script>`,
  );
  symlinkSync(join(SITE, "pkg"), join(folder, "pkg"));
  return folder;
}

/**
 * @param {string} name of the file
 * @param {BrowserName} browser
 * @param {Comparison} comparison
 */
export function assertSame(name, browser, { isWhole, lengths, difference, error }) {
  const where = `${name} in ${browser}`;
  const tolerance = name.endsWith(".mp3") ? TOLERANCES[browser] : TOLERANCE;
  assert.ok(!isWhole, `${where}: decoded at once`);
  assert.equal(error, "", where);
  assert.equal(lengths[0], lengths[1], where);
  assert.ok(difference <= tolerance, `${where}: ${difference}`);
}
