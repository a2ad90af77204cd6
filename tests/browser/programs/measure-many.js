/**
 * Speed and memory of one song against many, by the number of workers, on the CPU.
 *
 *     cargo xtask web && npm run measure-many [-- SONGS [SECONDS [ROUNDS [WORKERS ...]]]]
 *
 * The songs are MP3s of 192 kbit/s, all different, as files of a folder are; nothing is kept from
 * round to round. The numbers of workers take turns in each round, so that a busy machine burdens
 * all of them. Prints the elapsed time, the processor time and the peak memory of the page process
 * (VmHWM), and the longest task of the page. Then its processor time by threads, how many cores
 * that is, and how much faster the work can be at most with all cores of the machine. One core
 * alone: `taskset -c 0 node programs/measure-many.js`. Linux only, as it reads /proc.
 */

import { availableParallelism } from "node:os";
import { audioFolder, launchChromium, openBlankPage, serveSite } from "../support/harness.js";
import { pageProcess, threadSecs } from "../support/processes.js";

const [songs = 20, songSecs = 60, rounds = 3, ...workers] = process.argv.slice(2).map(Number);
/** Songs of different content. More of them are the same ones, which nothing recognises here. */
const TUNES = 8;
/** Threads that took less aren't printed. */
const LEAST_THREAD_SECS = 0.05;
const ENCODING = ["-ac", "2", "-c:a", "libmp3lame", "-b:a", "192k"];

const audio = audioFolder();
const files = Array.from({ length: TUNES }, (_, index) =>
  audio.encoded(`${index}.mp3`, audio.tune(`${index}.wav`, index + 1, songSecs), ENCODING),
);
const site = await serveSite();
for (let round = 1; round <= rounds; round++) {
  for (const count of workers.length > 0 ? workers : [1, 2]) await measure(count);
}
site.close();
audio.remove();

/** @param {number} count of workers */
async function measure(count) {
  // A new browser each time, as the peak of memory never falls.
  const browser = await launchChromium();
  const page = await openBlankPage(browser, site.url);
  for (const [index, file] of files.entries())
    await page.route(`**/${index}.mp3`, (route) => route.fulfill({ path: file }));
  await page.evaluate(async ([workers, tunes]) => {
    Object.assign(globalThis, { longestTaskMs: 0 });
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries())
        Object.assign(globalThis, { longestTaskMs: Math.max(/** @type {any} */ (globalThis).longestTaskMs, duration) });
    }).observe({ type: "longtask" });
    const { createChecker } = await import(String("/pkg/index.js"));
    const checker = await createChecker({ backend: "cpu", workers });
    const blobs = await Promise.all(
      Array.from({ length: tunes }, async (_, index) => (await fetch(`/${index}.mp3`)).blob()),
    );
    Object.assign(globalThis, { checker, blobs });
  }, /** @type {const} */ ([count, TUNES]));
  const before = await pageProcess(browser);
  const threadsBefore = threadSecs(before.id);
  const startedAt = performance.now();
  await page.evaluate(async (number) => {
    const { checker, blobs } = /** @type {any} */ (globalThis);
    const mine = await checker.analyse(blobs[0]);
    const others = Array.from({ length: number }, (_, index) => blobs[index % blobs.length]);
    await Promise.all(others.map((other) => checker.compare(mine, other)));
  }, songs);
  const secs = (performance.now() - startedAt) / 1000;
  const done = await pageProcess(browser);
  const longestMs = Math.round(Number(await page.evaluate("longestTaskMs")));
  console.log(
    `${count} worker${count === 1 ? "" : "s"}: ${secs.toFixed(1)} s for ${songs} songs of ${songSecs} s, ` +
      `${(done.cpuSecs - before.cpuSecs).toFixed(1)} s of processor time, at most ${done.peakMb} MB ` +
      `(${before.peakMb} MB before), longest task ${longestMs === 0 ? "under 50" : longestMs} ms`,
  );
  const threads = Object.entries(threadSecs(done.id))
    .map(([name, of]) => ({ name, of: of - (threadsBefore[name] ?? 0) }))
    .filter(({ of }) => of >= LEAST_THREAD_SECS)
    .sort((one, other) => other.of - one.of);
  const cores = threads.reduce((sum, { of }) => sum + of, 0) / secs;
  console.log(
    `  ${threads.map(({ name, of }) => `${name} ${of.toFixed(1)} s`).join(", ")}: ${cores.toFixed(2)} cores; ` +
      `${availableParallelism()} cores can be ${(availableParallelism() / cores).toFixed(2)} times as fast`,
  );
  await browser.close();
}
