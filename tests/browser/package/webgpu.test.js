/** WebGPU on a software adapter. It is slow, so only one short pair is checked. */

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { WEBGPU_FLAGS } from "../support/harness.js";
import { siteInChromium } from "../support/visit.js";

const CHECK_TIMEOUT_MS = 240_000;
/** The two backends round differently. A larger difference of scores is an error. */
const SCORE_TOLERANCE = 0.01;

describe("webgpu", () => {
  const shared = siteInChromium(WEBGPU_FLAGS);
  const { audio } = shared;
  const songs = /** @type {Record<string, string>} */ ({});

  before(() => {
    songs.original = audio.tune("original.wav", 1, 8);
    songs.copy = audio.transposed("copy.mp3", songs.original, 1);
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

  test("the self-test passes and the answer is the CPU's; auto doesn't use a software adapter", async () => {
    const gpu = await check("webgpu");
    assert.match(gpu.words, /WebGPU/);
    const auto = await check("auto");
    assert.match(auto.words, /CPU/);
    assert.equal(gpu.verdict, auto.verdict);
    assert.ok(Math.abs(gpu.score - auto.score) <= SCORE_TOLERANCE, `WebGPU ${gpu.score}, CPU ${auto.score}`);
  });
});
