/**
 * How fast, how large: two songs of four minutes (stereo MP3, 192 kbit/s) through the page on the CPU path.
 *
 *     cargo xtask web && npm run measure [-- REPEATS]
 *
 * Prints the seconds from giving the second file to the report, the longest task on the main thread, and the page
 * process's peak of resident memory (VmHWM, which counts the browser's own code too). Linux only, for /proc.
 */

import { readFileSync } from "node:fs";
import { audioFolder, launchChromium, pitchShift, serveSite } from "./harness.js";

const SONG_SECS = 240;
const REPEATS = Number(process.argv[2] ?? 3);
const MP3 = ["-ac", "2", "-c:a", "libmp3lame", "-b:a", "192k"];

const audio = audioFolder();
const wav = audio.tune("song.wav", 5, SONG_SECS);
const left = audio.encoded("left.mp3", wav, MP3);
const right = audio.encoded("right.mp3", wav, ["-af", pitchShift(1), ...MP3]);
const site = await serveSite();

for (let repeat = 1; repeat <= REPEATS; repeat++) {
  // A browser for each: the memory's peak starts anew.
  const browser = await launchChromium();
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
  await page.waitForTimeout(1500);
  const ready = await pageProcess(browser);
  const inputs = page.locator("input[type=file]");
  await inputs.nth(0).setInputFiles(left);
  const startedAt = performance.now();
  await inputs.nth(1).setInputFiles(right);
  const standing = page.locator("[data-verdict]");
  await standing.waitFor({ timeout: 300_000 });
  const secs = (performance.now() - startedAt) / 1000;
  await page.waitForTimeout(500);
  const score = Number(await standing.getAttribute("data-score"));
  const done = await pageProcess(browser);
  const longestTaskMs = await page.evaluate("longestTaskMs");
  console.log(
    `${secs.toFixed(2)} s (${(done.cpuSecs - ready.cpuSecs).toFixed(2)} s of processor time); longest task ${Math.round(Number(longestTaskMs))} ms; ` +
      `page process at most ${done.peakMb} MB (${ready.peakMb} MB with the engine ready); score ${score.toFixed(3)}; ` +
      `${await page.locator("#chips li").nth(1).innerText()}`,
  );
  await browser.close();
}
site.close();
audio.remove();

/** The page process's peak of memory, and the processor time that it has taken. @param {import("playwright-core").Browser} browser */
async function pageProcess(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const ofPages = processInfo
    .filter(({ type }) => type === "renderer")
    .map(({ id, cpuTime }) => ({
      peakMb: Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${id}/status`, "utf8"))?.[1] ?? 0) / 1024),
      cpuSecs: cpuTime,
    }));
  return ofPages.reduce((largest, one) => (one.peakMb > largest.peakMb ? one : largest));
}
