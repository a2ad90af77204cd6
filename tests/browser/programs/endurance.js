/**
 * Endurance of the package on the CPU path.
 *
 *     cargo xtask web && npm run endurance [-- CHECKS]
 *
 * 1. CHECKS checks (300; with 0 this is left out) in one page, each of two files that are decoded
 *    and analysed again: prints the engine's memory, the page's JavaScript heap after a garbage
 *    collection, and the memory of the page process. The scores must stay equal and the curves
 *    level.
 * 2. Two widgets of one page that check at the same time, repeatedly: their scores must equal those
 *    of checks in turn.
 * 3. 60 minutes in stereo, in each format that is decoded in chunks (as WAV a file of 635 MB),
 *    against an MP3 of 3 minutes: the peak memory of the page process and the longest task on the
 *    main thread must stay below their limits.
 *
 * Exits with 1 if one of these conditions fails. Linux only, as it reads /proc.
 */

import assert from "node:assert/strict";
import { readFileSync, rmSync, statSync } from "node:fs";
import { audioFolder, launchChromium, openBlankPage, pitchShift, serveSite } from "../support/harness.js";
import { pageProcess } from "../support/processes.js";
import { startTrace, stopTrace } from "../support/trace.js";

const CHECKS = Number(process.argv[2] ?? 300);
const ROUNDS = 15;
/** As in `pkg/engine/pool.js`. */
const MAX_WORKERS = 4;
/** After this number of checks, buffers of the engine and compiled code have their final size. */
const WARM_UP = Math.ceil(CHECKS / 6);
/** Allowed change of the heap afterwards, for the browser's own records. */
const HEAP_DRIFT_MB = 2;
/** Limit for the page process, for any song. */
const MAX_PEAK_MB = 1536;
/** Limit for a task on the main thread, in processor time. */
const MAX_TASK_MS = 100;
const HOUR_SECS = 3600;
/**
 * Formats and their options for ffmpeg. AAC encodes noise as a parameter, and the decoder
 * synthesises it.
 * @type {[string, string[]][]}
 */
const FORMATS = [
  ["mp3", ["-c:a", "libmp3lame", "-b:a", "128k"]],
  ["wav", []],
  ["flac", []],
  ["m4a", ["-c:a", "aac", "-b:a", "192k"]],
  ["ogg", ["-c:a", "libvorbis", "-q:a", "6"]],
  ["opus", ["-c:a", "libopus", "-b:a", "128k"]],
  ["webm", ["-c:a", "libopus", "-b:a", "128k"]],
  ["mp4", ["-c:a", "aac", "-b:a", "192k", "-movflags", "+frag_keyframe+empty_moov", "-frag_duration", "2000000"]],
  ["oga", ["-c:a", "flac"]],
  ["aac", ["-c:a", "aac", "-b:a", "192k"]],
];
const MP3 = ["-ac", "2", "-c:a", "libmp3lame", "-b:a", "128k"];

const audio = audioFolder();
const site = await serveSite();
try {
  if (CHECKS > 0) await manyChecks();
  await twoWidgets();
  await hours();
} finally {
  site.close();
  audio.remove();
}

/** @typedef {{ checks: number, engineMb: number, heapMb: number }} MemoryPoint */

async function manyChecks() {
  const browser = await launchChromium();
  const page = await checkingPage(browser);
  console.log("  check   engine MB   heap MB   page process MB");
  const session = await page.context().newCDPSession(page);
  const curve = /** @type {MemoryPoint[]} */ ([]);
  const reports = new Set();
  for (let checks = 1; checks <= CHECKS; checks++) {
    reports.add(await page.evaluate("check()"));
    if (checks % Math.ceil(CHECKS / 12) !== 0 && checks !== 1) continue;
    const point = { checks, ...(await memoryOf(page, session)) };
    curve.push(point);
    const { residentMb } = await pageProcess(browser);
    console.log(
      `  ${String(checks).padStart(5)}${point.engineMb.toFixed(1).padStart(12)}` +
        `${point.heapMb.toFixed(2).padStart(10)}${String(residentMb).padStart(18)}`,
    );
  }
  await browser.close();
  assert.equal(reports.size, 1, `the same songs gave ${reports.size} different reports`);
  const levelFrom = assertLevel(curve);
  console.log(
    `${CHECKS} checks: one report, score ${JSON.parse([...reports][0]).score}; ` +
      `memory level from check ${levelFrom} on`,
  );
}

/**
 * A page whose `check()` compares two files and returns the report as text.
 * @param {import("playwright-core").Browser} browser
 */
async function checkingPage(browser) {
  const tune = audio.tune("short.wav", 1, 5);
  const page = await blankPage(browser, {
    "left.mp3": readFileSync(audio.encoded("left.mp3", tune, MP3)),
    "right.mp3": readFileSync(audio.encoded("right.mp3", tune, ["-af", pitchShift(1), ...MP3])),
  });
  await page.evaluate(async () => {
    const { createChecker } = await import(String("/pkg/index.js"));
    const [left, right] = await Promise.all(
      ["left.mp3", "right.mp3"].map(async (name) => new File([await (await fetch(`/${name}`)).blob()], name)),
    );
    const checker = await createChecker({ backend: "cpu" });
    const check = async () => {
      const { matrix, ...report } = await checker.compare(left, right);
      return JSON.stringify({
        ...report,
        sum: matrix.scores.reduce((/** @type {number} */ sum, /** @type {number} */ score) => sum + score, 0),
      });
    };
    Object.assign(globalThis, { check });
  });
  return page;
}

/**
 * The memory of the engine, and of the page's heap after a garbage collection.
 * @param {import("playwright-core").Page} page
 * @param {import("playwright-core").CDPSession} session
 */
async function memoryOf(page, session) {
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  const [worker] = page.workers();
  // The second start of the glue returns the module of the first.
  const bytes = await worker?.evaluate(
    `import("/pkg/wasm/cpu/soundalike.js")
      .then((glue) => glue.default())
      .then(({ memory }) => memory.buffer.byteLength)`,
  );
  return { engineMb: Number(bytes) / 1e6, heapMb: usedSize / 1e6 };
}

/**
 * Asserts that the memory doesn't grow after `WARM_UP` checks.
 * @param {MemoryPoint[]} curve
 * @returns {number | undefined} the check from which it is level
 */
function assertLevel(curve) {
  const [settled, ...later] = curve.filter(({ checks }) => checks >= WARM_UP);
  for (const { checks, engineMb, heapMb } of later) {
    assert.equal(engineMb, settled?.engineMb, `the engine's memory grew by check ${checks}`);
    assert.ok(
      heapMb <= Number(settled?.heapMb) + HEAP_DRIFT_MB,
      `the heap grew to ${heapMb.toFixed(2)} MB by check ${checks}`,
    );
  }
  return settled?.checks;
}

async function twoWidgets() {
  const files = Object.fromEntries(
    [1, 2, 3].map((seed) => [`${seed}.wav`, readFileSync(audio.tune(`${seed}.wav`, seed, 6))]),
  );
  const browser = await launchChromium();
  const page = await blankPage(browser, files);
  const { alone, together } = await page.evaluate(async (rounds) => {
    await import(String("/pkg/element.js"));
    const songs = await Promise.all(
      [1, 2, 3].map(async (seed) => new File([await (await fetch(`/${seed}.wav`)).blob()], `${seed}.wav`)),
    );
    const widgets = [0, 1].map(() => {
      const widget = /** @type {any} */ (document.createElement("sound-alike"));
      widget.backend = "cpu";
      document.body.append(widget);
      return widget;
    });
    /**
     * @param {number} index @param {File | undefined} left @param {File | undefined} right
     * @returns {Promise<number>}
     */
    const score = (index, left, right) =>
      new Promise((resolve, reject) => {
        widgets[index].addEventListener(
          "soundalike-report",
          (/** @type {any} */ event) => resolve(event.detail.score),
          { once: true },
        );
        widgets[index].addEventListener("soundalike-error", (/** @type {any} */ event) => reject(event.detail), {
          once: true,
        });
        widgets[index].setSong("left", left);
        widgets[index].setSong("right", right);
      });
    const alone = [await score(0, songs[0], songs[1]), await score(1, songs[2], songs[2])];
    const together = [];
    for (let round = 0; round < rounds; round++) {
      // The first song of a round is compared with one of the last round; that check is cancelled
      // at once.
      together.push(await Promise.all([score(0, songs[0], songs[1]), score(1, songs[2], songs[2])]));
    }
    return { alone, together };
  }, ROUNDS);
  const workers = page.workers().length;
  await browser.close();
  for (const scores of together) assert.deepEqual(scores, alone);
  assert.ok(workers <= MAX_WORKERS, `${workers} workers`);
  console.log(`two widgets, ${ROUNDS} times at once: always ${alone.join(" and ")}, ${workers} workers`);
}

async function hours() {
  const { tune, short } = threeMinutes();
  for (const [ending, options] of FORMATS) {
    const hour = audio.encoded(`hour.${ending}`, tune, [...looped(HOUR_SECS), "-ac", "2", ...options]);
    const { words, longestMs } = await pageCheck(hour, short);
    console.log(`60 minutes of ${ending}, ${Math.round(statSync(hour).size / 1e6)} MB, against 3 minutes: ${words}`);
    assert.ok(longestMs <= MAX_TASK_MS, `${ending}: a task of ${longestMs} ms`);
    rmSync(hour);
  }
}

function threeMinutes() {
  const tune = audio.tune("three.wav", 5, 180);
  return { tune, short: audio.encoded("three-minutes.mp3", tune, ["-af", pitchShift(1), ...MP3]) };
}

/** Options that repeat three minutes. @param {number} secs */
function looped(secs) {
  return ["-filter_complex", `aloop=loop=-1:size=${180 * 44_100}`, "-t", String(secs)];
}

/**
 * A check on the page, which must end with a verdict within the limit of memory.
 * @param {string} left @param {string} right
 */
async function pageCheck(left, right) {
  const browser = await launchChromium();
  const page = await browser.newPage();
  await page.goto(`${site.url}?backend=cpu`);
  await startTrace(browser, page);
  await page.locator("input[type=file]").nth(0).setInputFiles(left);
  const startedAt = performance.now();
  await page.locator("input[type=file]").nth(1).setInputFiles(right);
  const ended = page.locator("[data-verdict], #error:not([hidden])").first();
  await ended.waitFor({ timeout: 1_200_000 });
  const secs = (performance.now() - startedAt) / 1000;
  const verdict = await ended.getAttribute("data-verdict");
  assert.ok(verdict, await ended.innerText());
  await page.waitForTimeout(500);
  const { longestMs } = await stopTrace(browser);
  const { peakMb } = await pageProcess(browser);
  await browser.close();
  assert.ok(peakMb <= MAX_PEAK_MB, `${peakMb} MB, more than ${MAX_PEAK_MB} MB`);
  return {
    words:
      `${verdict}, ${secs.toFixed(0)} s, page process at most ${peakMb} MB, ` +
      `longest task ${Math.round(longestMs)} ms`,
    longestMs,
  };
}

/**
 * A blank page, and files beside it.
 * @param {import("playwright-core").Browser} browser
 * @param {Record<string, Buffer>} files
 */
async function blankPage(browser, files) {
  const page = await openBlankPage(browser, site.url);
  for (const [name, body] of Object.entries(files)) await page.route(`**/${name}`, (route) => route.fulfill({ body }));
  return page;
}
