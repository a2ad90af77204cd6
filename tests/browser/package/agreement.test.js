/**
 * Agreement: the trainer on this machine, Chromium on the CPU and Firefox give identical reports
 * for 20 pairs of songs. Those of Chromium on WebGPU are equal within tolerances: 0.005 of the
 * score, 0.01 s, 0.001 of the speed, 0.1 semitones.
 *
 * All get the same samples: mono WAV files of 16 bits at the model's rate. The trainer reads them
 * with Symphonia, and the page with code of its own, because browsers decode and resample
 * differently. So everything after decoding is compared: features, encoder, matching.
 * `tests/identical.rs` compares the stages before the report.
 *
 * SOUNDALIKE_TRAINER is the path of the trainer, by default the one in target/release.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { WEBGPU_FLAGS, audioFolder, launchChromium, pitchShift, serveSite } from "../support/harness.js";
import { Firefox } from "../support/webdriver.js";

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));
const SITE = process.env["SOUNDALIKE_SITE"] ?? here("../../../target/site");
const TRAINER = process.env["SOUNDALIKE_TRAINER"] ?? here("../../../target/release/soundalike-trainer");
const RUN_TIMEOUT_MS = 600_000;

/** WebGPU may sum floats in another order. A larger difference of scores is an error. */
const SCORE_TOLERANCE = 0.005;
/** A tenth of the page's precision, and much less than the hop of segments. */
const TIME_TOLERANCE_SECS = 0.01;
const SPEED_TOLERANCE = 0.001;
const PITCH_TOLERANCE_SEMITONES = 0.1;
const SHARE_TOLERANCE = 0.01;

/** @typedef {{ left: string, right: string }} Pair */
/** @import { Report as WholeReport } from "../../../pkg/engine/protocol.js" */
/** @typedef {Pick<WholeReport, "score" | "verdict" | "passages" | "model">} Report */

describe("agreement", () => {
  const audio = audioFolder();
  const folder = mkdtempSync(join(tmpdir(), "soundalike-agreement-"));
  /** @type {Pair[]} */
  const pairs = [];
  /** @type {Report[]} */
  let native = [];
  /** @type {Awaited<ReturnType<typeof serveSite>>} */
  let site;

  before(async () => {
    if (!existsSync(TRAINER))
      throw new Error(
        `no trainer at ${TRAINER}: build it with \`cargo build --release\`, or name it in SOUNDALIKE_TRAINER`,
      );
    pairs.push(...makePairs(audio, folder));
    assert.ok(pairs.length >= 20);
    writeFileSync(join(folder, "pairs.json"), JSON.stringify(pairs));
    copyFileSync(here("../support/agreement-page.js"), join(folder, "agreement-page.js"));
    writeFileSync(
      join(folder, "index.html"),
      '<!doctype html><meta charset="utf-8"><script type="module" src="agreement-page.js"></script><body>',
    );
    symlinkSync(join(SITE, "pkg"), join(folder, "pkg"));
    site = await serveSite(folder);
    native = await nativeReports(pairs, folder);
  });

  after(() => {
    site?.close();
    audio.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const address = (/** @type {string} */ backend) => `${site.url}?backend=${backend}`;

  /** @param {Report[]} reports @param {import("node:test").TestContext} context */
  function assertSame(reports, context) {
    assertAgree(reports, context);
    // As text, because JavaScript's -0 then equals 0.
    assert.equal(JSON.stringify(reports), JSON.stringify(native));
  }

  /** @param {string} backend @param {string[]} [flags] @returns {Promise<Report[]>} */
  async function inChromium(backend, flags) {
    const browser = await launchChromium(flags);
    try {
      const page = await browser.newPage();
      await page.goto(address(backend));
      const ended = page.locator("#reports, #failed");
      await ended.waitFor({ timeout: RUN_TIMEOUT_MS });
      return reportsOf((await ended.textContent()) ?? "");
    } finally {
      await browser.close();
    }
  }

  test("the pairs are of every kind", () => {
    const verdicts = native.map(({ verdict }) => verdict);
    assert.ok(verdicts.includes("different") && verdicts.includes("nearly-identical"), verdicts.join(" "));
    assert.ok(native.filter(({ passages }) => passages.length > 0).length >= 8, "too few passages to compare");
  });

  test("Chromium on the CPU", async (context) => assertSame(await inChromium("cpu"), context));

  test("Chromium on WebGPU", async (context) => assertAgree(await inChromium("webgpu", WEBGPU_FLAGS), context));

  test("Firefox on the CPU", async (context) => {
    const firefox = await Firefox.launch();
    try {
      await firefox.open(address("cpu"));
      await firefox.waitFor("#reports, #failed", RUN_TIMEOUT_MS);
      const text = await firefox.run(() => document.querySelector("output")?.textContent ?? "");
      assertSame(reportsOf(text), context);
    } finally {
      await firefox.close();
    }
  });

  /** @param {Report[]} reports @param {import("node:test").TestContext} context */
  function assertAgree(reports, context) {
    assert.equal(reports.length, pairs.length);
    let [score, secs] = [0, 0];
    for (const [index, report] of reports.entries()) {
      const expected = /** @type {Report} */ (native[index]);
      const { left, right } = /** @type {Pair} */ (pairs[index]);
      const what = `${left} and ${right}: ${JSON.stringify(report)}, natively ${JSON.stringify(expected)}`;
      assert.equal(
        report.model.weightsSha256,
        expected.model.weightsSha256,
        "the trainer and the site were built with other weights: build both again",
      );
      assert.ok(Math.abs(report.score - expected.score) <= SCORE_TOLERANCE, what);
      score = Math.max(score, Math.abs(report.score - expected.score));
      assert.equal(report.passages.length, expected.passages.length, what);
      for (const [at, passage] of report.passages.entries()) {
        const same = /** @type {Report["passages"][number]} */ (expected.passages[at]);
        for (const time of /** @type {const} */ (["leftStartSecs", "leftEndSecs", "rightStartSecs", "rightEndSecs"])) {
          assert.ok(Math.abs(passage[time] - same[time]) <= TIME_TOLERANCE_SECS + 1e-9, what);
          secs = Math.max(secs, Math.abs(passage[time] - same[time]));
        }
        assert.ok(Math.abs(passage.score - same.score) <= SCORE_TOLERANCE, what);
        assert.ok(Math.abs(passage.speedRatio - same.speedRatio) <= SPEED_TOLERANCE + 1e-9, what);
        assert.ok(
          Math.abs(passage.pitchShiftSemitones - same.pitchShiftSemitones) <= PITCH_TOLERANCE_SEMITONES + 1e-9,
          what,
        );
        assert.ok(Math.abs(passage.share - same.share) <= SHARE_TOLERANCE + 1e-9, what);
      }
    }
    context.diagnostic(
      `${reports.length} pairs: scores differ by at most ${score.toFixed(4)}, passages by ${secs.toFixed(2)} s`,
    );
  }
});

/** @param {string} text of the page @returns {Report[]} */
function reportsOf(text) {
  if (!text.startsWith("[")) throw new Error(text);
  return JSON.parse(text);
}

/** @param {Pair[]} pairs @param {string} folder @returns {Promise<Report[]>} */
async function nativeReports(pairs, folder) {
  const reports = [];
  for (const { left, right } of pairs) {
    const { stdout } = await promisify(execFile)(TRAINER, ["compare", left, right, "--json"], {
      cwd: folder,
      maxBuffer: 1 << 26,
    });
    reports.push(JSON.parse(stdout));
  }
  return reports;
}

/**
 * Makes 20 pairs in `folder`: copies with every change that the model card names, excerpts in other
 * music, and unrelated songs.
 * @param {ReturnType<typeof audioFolder>} audio
 * @param {string} folder
 * @returns {Pair[]}
 */
function makePairs(audio, folder) {
  const wav = ["-ac", "1", "-ar", "22050", "-c:a", "pcm_s16le", "-bitexact", "-map_metadata", "-1"];
  /**
   * @param {string} name
   * @param {string} source
   * @param {string[]} [options] the file's name in `folder`
   */
  const made = (name, source, options = []) => {
    copyFileSync(audio.encoded(`${name}.model.wav`, source, [...options, ...wav]), join(folder, `${name}.wav`));
    return `${name}.wav`;
  };
  const tunes = Array.from({ length: 10 }, (_, seed) => audio.tune(`tune-${seed}.wav`, seed + 1, 10 + 1.5 * seed));
  const tune = (/** @type {number} */ seed) => /** @type {string} */ (tunes[seed]);
  const songs = tunes.map((path, seed) => made(`song-${seed}`, path));
  const filtered = (/** @type {number} */ seed, /** @type {string} */ name, /** @type {string} */ filter) => ({
    left: /** @type {string} */ (songs[seed]),
    right: made(`song-${seed}-${name}`, tune(seed), ["-af", filter]),
  });
  const encoded = audio.encoded("low-rate.mp3", tune(3), ["-c:a", "libmp3lame", "-b:a", "48k"]);
  /**
   * A part of one tune between parts of two others.
   * @param {number} seed
   * @param {string} name
   * @param {string} filter
   */
  const excerpt = (seed, name, filter) => {
    const middle = `[1:a]atrim=2:12,asetpts=PTS-STARTPTS,${filter}[b]`;
    const parts = `[0:a]atrim=0:6[a];${middle};[2:a]atrim=0:6[c];[a][b][c]concat=n=3:v=0:a=1`;
    const options = ["-i", tune(seed), "-i", tune((seed + 5) % 10), "-filter_complex", parts];
    return {
      left: /** @type {string} */ (songs[seed]),
      right: made(`medley-${seed}-${name}`, tune((seed + 3) % 10), options),
    };
  };
  const strangers = (/** @type {number} */ left, /** @type {number} */ right) => ({
    left: /** @type {string} */ (songs[left]),
    right: /** @type {string} */ (songs[right]),
  });
  return [
    filtered(0, "higher", pitchShift(1)),
    strangers(0, 1),
    excerpt(1, "plain", "anull"),
    filtered(1, "lower", pitchShift(-2)),
    filtered(2, "much-higher", pitchShift(4)),
    filtered(3, "faster", "atempo=1.1"),
    filtered(4, "slower", "atempo=0.85"),
    filtered(5, "much-faster", "atempo=1.3"),
    filtered(6, "telephone", "highpass=f=300,lowpass=f=3400"),
    filtered(7, "both", `${pitchShift(2)},atempo=1.2`),
    filtered(8, "quiet", "volume=-18dB"),
    filtered(9, "backwards", "areverse"),
    { left: /** @type {string} */ (songs[3]), right: made("song-3-low-rate", encoded) },
    { left: /** @type {string} */ (songs[9]), right: made("song-9-part", tune(9), ["-ss", "5", "-t", "11"]) },
    excerpt(4, "higher", pitchShift(1)),
    excerpt(6, "faster", "atempo=1.1"),
    strangers(2, 2),
    strangers(2, 5),
    strangers(4, 8),
    strangers(6, 9),
  ];
}
