/** Playing passages on the result page. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { STRONG, passage } from "../support/inputs/made-up-reports.js";
import { madeUpReports } from "../support/report-visit.js";

describe("playing", () => {
  const visit = madeUpReports();

  test("a passage that plays stays highlighted everywhere until it stops, wherever pointer and focus go", async () => {
    // Slower playback: on a slow machine the following steps take longer than the passage lasts.
    await visit.page.addInitScript(() => {
      const Whole = Audio;
      globalThis.Audio = /** @type {any} */ (
        class extends Whole {
          /** @override */
          get playbackRate() {
            return 10 * super.playbackRate;
          }
          /** @override */
          set playbackRate(rate) {
            super.playbackRate = rate / 10;
          }
        }
      );
    });
    await visit.show({
      ...STRONG,
      passages: [passage(), passage({ leftStartSecs: 5.5, leftEndSecs: 11.5, rightStartSecs: 0, rightEndSecs: 6 })],
    });
    const lit = () =>
      visit.page
        .locator("#result .active")
        .evaluateAll((all) => [...new Set(all.map((one) => /** @type {HTMLElement} */ (one).dataset["passage"]))]);
    await visit.page.locator('.ribbon[data-passage="1"]').click();
    await visit.page.waitForFunction(() => document.querySelectorAll(".playhead.on").length === 2);
    await visit.page.mouse.move(1, 1);
    assert.deepEqual(await lit(), ["1"]);
    for (const part of [".block", ".ribbon", ".diagonal", "#passages li", ".heat-box .flag"])
      assert.ok((await visit.page.locator(`${part}[data-passage="1"].active`).count()) > 0, part);
    await visit.page.locator("#save-json").focus();
    assert.deepEqual(await lit(), ["1"]);
    // While another passage is focused, that one is highlighted.
    await visit.page.locator("#passages button").nth(0).focus();
    assert.deepEqual(await lit(), ["0"]);
    await visit.page.locator("#save-json").focus();
    await visit.page.keyboard.press("Escape");
    assert.equal(await visit.page.locator(".playhead.on").count(), 0);
    assert.deepEqual(await lit(), []);
  });

  for (const [speed, left, right] of /** @type {const} */ ([
    ["2.2 times as fast", [1, 6.5], [4, 6.5]],
    ["0.45 times as fast", [4, 6.5], [1, 6.6]],
  ]))
    test(`${speed}, both songs play in step at rates that every browser has`, async () => {
      await visit.page.addInitScript(() => {
        const players = /** @type {HTMLAudioElement[]} */ ([]);
        Object.assign(globalThis, { players });
        const Whole = Audio;
        globalThis.Audio = /** @type {any} */ (
          class extends Whole {
            constructor() {
              super();
              players.push(this);
            }
          }
        );
      });
      const [leftStartSecs, leftEndSecs] = left;
      const [rightStartSecs, rightEndSecs] = right;
      const slope = (rightEndSecs - rightStartSecs) / (leftEndSecs - leftStartSecs);
      const asked = passage({ leftStartSecs, leftEndSecs, rightStartSecs, rightEndSecs, speedRatio: 1 / slope });
      await visit.show({ ...STRONG, passages: [asked] });
      await visit.page.locator("#passages button").click();
      const playing = () =>
        visit.page.evaluate(() =>
          /** @type {any} */ (globalThis).players
            .filter((/** @type {HTMLAudioElement} */ { paused }) => !paused)
            .map((/** @type {HTMLAudioElement} */ { playbackRate, currentTime }) => ({ playbackRate, currentTime })),
        );
      await visit.page.waitForFunction(() => document.querySelectorAll(".playhead.on").length === 2);
      await visit.page.waitForTimeout(700);
      const [one, other] = await playing();
      assert.ok(one && other, "one song alone plays");
      for (const { playbackRate } of [one, other])
        assert.ok(playbackRate >= 0.5 && playbackRate <= 2, `${playbackRate}`);
      const behindSecs = other.currentTime - rightStartSecs - slope * (one.currentTime - leftStartSecs);
      assert.ok(Math.abs(behindSecs) < 0.25, `they are ${behindSecs} s apart`);
    });

  test("in turn, one song plays after the other", async () => {
    await visit.show({ ...STRONG, passages: [passage({ leftEndSecs: 2.5, rightEndSecs: 7.5 })] });
    await visit.page.locator("#play-in-turn").check({ force: true });
    assert.match(await visit.page.locator("#play-hint").innerText(), /^In turn/);
    await visit.page.evaluate(() => {
      const seen = /** @type {string[]} */ ([]);
      Object.assign(globalThis, { seen });
      const look = () => {
        const now = [...document.querySelectorAll(".playhead")]
          .map((head) => (head.classList.contains("on") ? "on" : "off"))
          .join(" ");
        if (seen.at(-1) !== now) seen.push(now);
        requestAnimationFrame(look);
      };
      look();
    });
    await visit.page.locator("#passages button").click();
    await visit.page.waitForFunction(
      () => /** @type {any} */ (globalThis).seen.length >= 4 && document.querySelectorAll(".playhead.on").length === 0,
      undefined,
      { timeout: 30_000 },
    );
    /** @type {string[]} */
    const seen = await visit.page.evaluate("seen");
    assert.deepEqual(
      seen.filter((state) => state !== "off off"),
      ["on off", "off on"],
    );
  });

  test("songs that can’t be played any more cause a hint, and the button is ready again", async () => {
    await visit.page.addInitScript(() => {
      URL.createObjectURL = () => `blob:${location.origin}/gone`;
    });
    await visit.show({ ...STRONG, passages: [passage()] });
    const button = visit.page.locator("#passages button");
    await button.click();
    await visit.page.locator("#play-hint").getByText("This passage can’t be played").waitFor();
    assert.equal(await button.innerText(), "Both");
    assert.equal(await visit.page.locator(".playhead.on").count(), 0);
  });
});
