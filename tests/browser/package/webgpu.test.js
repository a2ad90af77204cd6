/** WebGPU on a software adapter: slow, so on one short pair only. */

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { WEBGPU_FLAGS, pitchShift } from "../support/harness.js";
import { siteInChromium } from "../support/visit.js";

const CHECK_TIMEOUT_MS = 240_000;
/** The two backends round differently; a score that differs by more than this is another answer. */
const SCORE_TOLERANCE = 0.01;

describe("webgpu", () => {
  const shared = siteInChromium(WEBGPU_FLAGS);
  const { audio } = shared;
  const songs = /** @type {Record<string, string>} */ ({});

  before(() => {
    songs.original = audio.tune("original.wav", 1, 8);
    songs.copy = audio.encoded("copy.mp3", songs.original, [
      "-af",
      pitchShift(1),
      "-c:a",
      "libmp3lame",
      "-b:a",
      "128k",
    ]);
  });

  /** @param {string} backend */
  async function check(backend) {
    const page = await shared.browser.newPage();
    await page.goto(`${shared.url}?backend=${backend}`);
    const inputs = page.locator("input[type=file]");
    await inputs.nth(0).setInputFiles(songs.original);
    await inputs.nth(1).setInputFiles(songs.copy);
    const ended = page.locator("[data-verdict], #error:not([hidden])").first();
    await ended.waitFor({ timeout: CHECK_TIMEOUT_MS });
    const outcome = {
      verdict: await ended.getAttribute("data-verdict"),
      score: Number(await ended.getAttribute("data-score")),
      words: await page.locator("#chips, #error:not([hidden])").first().innerText(),
    };
    await page.close();
    return outcome;
  }

  test("insisted on, it passes the self-test and gives the CPU's answer; auto leaves a software adapter alone", async () => {
    const gpu = await check("webgpu");
    assert.match(gpu.words, /WebGPU/);
    const auto = await check("auto");
    assert.match(auto.words, /CPU/);
    assert.equal(gpu.verdict, auto.verdict);
    assert.ok(Math.abs(gpu.score - auto.score) <= SCORE_TOLERANCE, `WebGPU ${gpu.score}, CPU ${auto.score}`);
  });
});
