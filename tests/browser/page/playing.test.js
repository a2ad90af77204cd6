/** Playing passages on the result page. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { STRONG, madeUpReports, passage } from "../support/made-up-reports.js";

describe("playing", () => {
  const visit = madeUpReports();

  test("a passage that plays stays lit everywhere when the pointer and the keyboard go elsewhere, until it stops", async () => {
    // A slow machine needs longer for what follows than the passage lasts.
    await visit.page.addInitScript(() => {
      const Whole = Audio;
      globalThis.Audio = /** @type {any} */ (
        class extends Whole {
          constructor() {
            super();
            this.defaultPlaybackRate = 0.1;
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
    // Another one that is looked at has the light while it is looked at.
    await visit.page.locator("#passages button").nth(0).focus();
    assert.deepEqual(await lit(), ["0"]);
    await visit.page.locator("#save-json").focus();
    await visit.page.keyboard.press("Escape");
    assert.equal(await visit.page.locator(".playhead.on").count(), 0);
    assert.deepEqual(await lit(), []);
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
    assert.deepEqual(
      /** @type {string[]} */ (await visit.page.evaluate("seen")).filter((state) => state !== "off off"),
      ["on off", "off on"],
    );
  });

  test("songs that can’t be played any more are told to be that, and the button is ready again", async () => {
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
