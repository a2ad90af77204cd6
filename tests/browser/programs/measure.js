/**
 * Speed and memory of the page on the CPU path.
 *
 *     cargo xtask web && npm run measure [-- REPEATS [ENDING]]
 *
 * For two clips of 30 s (stereo MP3, 192 kbit/s, or the format that ENDING names), in seconds:
 *
 * - from opening the page, which is in the browser's cache, until the zones take a file, and until
 *    the report;
 * - from the second file to the report, with the engine ready;
 * - the same after a reload, with both songs kept.
 *
 * For two songs of 4 minutes: seconds from the second file to the report, and the peak resident
 * memory of the page process (VmHWM, which includes the browser's own code). For both: the longest
 * task on the main thread. Linux only, as it reads /proc.
 */

import { audioFolder, launchChromium, pitchShift, serveSite } from "../support/harness.js";
import { pageProcess } from "../support/processes.js";

const CLIP_SECS = 30;
const SONG_SECS = 240;
const REPEATS = Number(process.argv[2] ?? 3);
const ENDING = process.argv[3] ?? "mp3";
const ENCODING = {
  mp3: ["-c:a", "libmp3lame", "-b:a", "192k"],
  wav: [],
  flac: [],
  m4a: ["-c:a", "aac", "-b:a", "192k"],
  ogg: ["-c:a", "libvorbis", "-q:a", "6"],
  opus: ["-c:a", "libopus", "-b:a", "128k"],
}[ENDING];
const CHECK_TIMEOUT_MS = 300_000;

/** @typedef {import("playwright-core").Page} Page */

if (!ENCODING) throw new Error(`${ENDING} is not among the formats that are measured`);
const STEREO = ["-ac", "2", ...ENCODING];
const audio = audioFolder();
const clips = pairOf("clip", CLIP_SECS);
const songs = pairOf("song", SONG_SECS);
const site = await serveSite();

for (let repeat = 1; repeat <= REPEATS; repeat++) {
  await measureClips();
  await measureSongs();
}
site.close();
audio.remove();

async function measureClips() {
  const browser = await launchChromium();
  const page = await openPage(browser);
  await engineReady(page);
  await page.goto("about:blank");

  const openedAt = performance.now();
  await page.goto(`${site.url}?backend=cpu`, { waitUntil: "commit" });
  await give(page, 0, clips.left);
  await page.locator(".zone.left.filled").waitFor();
  const usableSecs = secsSince(openedAt);
  await give(page, 1, clips.right);
  await standing(page);
  const firstSecs = secsSince(openedAt);
  const score = await page.locator("[data-verdict]").getAttribute("data-score");

  await page.click("#kept-clear");
  const readySecs = await reloadAndCheck(page);
  const keptSecs = await reloadAndCheck(page);
  const again = await page.locator("[data-verdict]").getAttribute("data-score");
  console.log(
    `clips: from opening the page ${usableSecs.toFixed(2)} s to usable zones, ` +
      `${firstSecs.toFixed(2)} s to the report; ` +
      `with the engine ready ${readySecs.toFixed(2)} s, with both songs kept ${keptSecs.toFixed(2)} s; ` +
      `longest task ${await longestTask(page)}; scores ${score} and ${again}`,
  );
  await browser.close();
}

/**
 * @param {Page} page
 * @returns {Promise<number>} seconds from giving the second clip to the report
 */
async function reloadAndCheck(page) {
  await page.reload();
  await engineReady(page);
  await give(page, 0, clips.left);
  const startedAt = performance.now();
  await give(page, 1, clips.right);
  await standing(page);
  return secsSince(startedAt);
}

async function measureSongs() {
  // A new browser each time, as the peak of memory never falls.
  const browser = await launchChromium();
  const page = await openPage(browser);
  await engineReady(page);
  const ready = await pageProcess(browser);
  await give(page, 0, songs.left);
  const startedAt = performance.now();
  await give(page, 1, songs.right);
  await standing(page);
  const secs = secsSince(startedAt);
  await page.waitForTimeout(500);
  const score = Number(await page.locator("[data-verdict]").getAttribute("data-score"));
  const done = await pageProcess(browser);
  console.log(
    `songs: ${secs.toFixed(2)} s (${(done.cpuSecs - ready.cpuSecs).toFixed(2)} s of processor time); ` +
      `longest task ${await longestTask(page)}; ` +
      `page process at most ${done.peakMb} MB (${ready.peakMb} MB with the engine ready); score ${score.toFixed(3)}; ` +
      `${await page.locator("#chips li").nth(1).innerText()}`,
  );
  await browser.close();
}

/** A tune and its copy a semitone higher. @param {string} name @param {number} durationSecs */
function pairOf(name, durationSecs) {
  const wav = audio.tune(`${name}.wav`, 5, durationSecs);
  return {
    left: audio.encoded(`${name}-left.${ENDING}`, wav, STEREO),
    right: audio.encoded(`${name}-right.${ENDING}`, wav, ["-af", pitchShift(1), ...STEREO]),
  };
}

/** @param {import("playwright-core").Browser} browser */
async function openPage(browser) {
  const page = await browser.newPage();
  await page.addInitScript(() => {
    Object.assign(globalThis, { longestTaskMs: 0 });
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) {
        Object.assign(globalThis, { longestTaskMs: Math.max(/** @type {any} */ (globalThis).longestTaskMs, duration) });
      }
    }).observe({ type: "longtask", buffered: true });
  });
  await page.goto(`${site.url}?backend=cpu`);
  return page;
}

/**
 * The page's worker exists once the engine's files are loaded; the rest of its start takes less
 * than 1 s.
 * @param {Page} page
 */
async function engineReady(page) {
  while (page.workers().length === 0) await page.waitForTimeout(20);
  await page.waitForTimeout(1000);
}

/** @param {Page} page @param {number} side @param {string} file */
function give(page, side, file) {
  return page.locator("input[type=file]").nth(side).setInputFiles(file);
}

/** @param {Page} page */
function standing(page) {
  return page.locator("[data-verdict]").waitFor({ timeout: CHECK_TIMEOUT_MS });
}

/** Browsers report tasks of at least 50 ms. @param {Page} page */
async function longestTask(page) {
  const ms = Math.round(Number(await page.evaluate("longestTaskMs")));
  return ms === 0 ? "under 50 ms" : `${ms} ms`;
}

/** @param {number} startedAt */
function secsSince(startedAt) {
  return (performance.now() - startedAt) / 1000;
}
