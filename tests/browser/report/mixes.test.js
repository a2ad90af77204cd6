/** Passages under other music, and one stretch that is used many times, such as a loop. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { STRONG, loop, passage } from "../support/inputs/made-up-reports.js";
import { CHECK_TIMEOUT_MS, madeUpReports } from "../support/report-visit.js";

const PHONE = { width: 360, height: 740 };

describe("mixes", () => {
  const visit = madeUpReports();
  const { songs } = visit;

  test("a passage under other music is named so in its row, the meaning, the picture and the saved table", async () => {
    const later = { leftStartSecs: 6, leftEndSecs: 10 };
    await visit.show({
      ...STRONG,
      passages: [
        passage({ share: 0.34 }),
        passage({ share: 0.349, leftShare: 0.74 }),
        passage({ share: 0.35, leftShare: 0.5 }),
        passage({ ...later, share: 0.75 }),
      ],
    });
    const words = "same pitch and speed · score 0.90";
    assert.deepEqual(await visit.page.locator("#passages small").allInnerTexts(), [
      words,
      "faintly, under other music in the other song",
      words,
      "under other music in your song; faintly, under other music in the other song",
      words,
      "under other music in both songs",
      words,
    ]);
    assert.match(String(await visit.page.locator("#meaning").textContent()), /Under other music means/);
    assert.match(
      String(await visit.page.locator(".links-picture svg").getAttribute("aria-label")),
      /1: 0:01 to 0:05 of mine\.wav plays at 0:06 to 0:10 of other\.wav, faintly, under other music in .*; 4: [^,]*$/,
    );
    const [download] = await Promise.all([visit.page.waitForEvent("download"), visit.page.click("#save-csv")]);
    const lines = readFileSync(await download.path(), "utf8")
      .trimEnd()
      .split("\r\n");
    assert.deepEqual(
      lines.map((line) => line.split(",").slice(11).join(",")),
      [
        "share,left_share,reversed,kind,evidence,note",
        '0.34,1.00,false,recording,,"faintly, under other music in other.wav"',
        '0.35,0.74,false,recording,,"under other music in mine.wav; faintly, under other music in other.wav"',
        "0.35,0.50,false,recording,,under other music in both songs",
        "0.75,1.00,false,recording,,",
      ],
    );
  });

  test("a passage that is alone has no word about a mix", async () => {
    await visit.show({ ...STRONG, passages: [passage()] });
    assert.ok(!/mix|under other/i.test(await visit.page.locator("#result").innerText()));
    assert.ok(!/under other music means/i.test(String(await visit.page.locator("#meaning").textContent())));
  });

  test("eight uses of a loop: a row each, one flag at the loop, and its waveform shows through", async () => {
    await visit.page.setViewportSize(PHONE);
    await visit.show({ ...STRONG, passages: loop(8, "right", { share: 0.5 }) });
    assert.equal(await visit.page.locator("#passages li").count(), 8);
    const flags = visit.page.locator(".links-picture .flag");
    assert.deepEqual((await flags.allInnerTexts()).sort(), ["1", "1–8", "2", "3", "4", "5", "6", "7", "8"]);
    const boxes = await flags.evaluateAll((all) => all.map((one) => one.getBoundingClientRect().toJSON()));
    for (const [index, box] of boxes.entries())
      for (const other of boxes.slice(index + 1))
        assert.ok(box.right <= other.x || other.right <= box.x || box.bottom <= other.y || other.bottom <= box.y);
    const seen = await visit.page.locator(".block").evaluateAll((all) =>
      all
        .filter((block) => block.getAttribute("y") === "0")
        .map((block) => 1 - Number(getComputedStyle(block).opacity))
        .reduce((product, transparency) => product * transparency, 1),
    );
    assert.ok(Math.abs(seen - 0.7) < 0.01, `${seen} of the waveform shows through`);
    const screen = await visit.page.evaluate(() => document.documentElement.clientWidth);
    for (const row of await visit.page.locator("#passages li").all())
      assert.ok(Number((await row.boundingBox())?.width) < screen);
  });

  test("the fourth use of a loop plays in both songs", async () => {
    await visit.show({ ...STRONG, passages: loop(8, "right", { share: 0.2 }) });
    await visit.page.evaluate(() => {
      const seen = /** @type {number[][]} */ ([]);
      Object.assign(globalThis, { seen });
      const picture = /** @type {Element} */ (document.querySelector(".links-picture svg"));
      const look = () => {
        const { x, width } = picture.getBoundingClientRect();
        const heads = [...document.querySelectorAll(".playhead.on")];
        if (heads.length === 2) seen.push(heads.map((head) => ((head.getBoundingClientRect().x - x) / width) * 12));
        requestAnimationFrame(look);
      };
      look();
    });
    await visit.page.locator("#passages button").nth(3).click();
    await visit.page.waitForFunction(() => /** @type {any} */ (globalThis).seen.length > 5);
    const [left, right] = /** @type {[number, number]} */ (await visit.page.evaluate("seen[5]"));
    assert.ok(left >= 1.9 && left <= 3.5, `the left song plays at ${left} s`);
    assert.ok(right >= 4.3 && right <= 5.9, `the right song plays at ${right} s`);
  });

  test("the table of one song against many says where the longest passage is in a mix", async () => {
    await visit.page.addInitScript(
      (passages) => {
        Object.assign(globalThis, {
          changed: (/** @type {any} */ report) => ({ ...report, score: 0.85, verdict: "strong", passages }),
        });
      },
      loop(3, "right", { share: 0.5 }),
    );
    await visit.page.goto(visit.shared.url);
    const inputs = visit.page.locator("input[type=file]");
    await inputs.nth(0).setInputFiles(songs.mine);
    await inputs.nth(1).setInputFiles([songs.other, songs.mine]);
    const where = visit.page.locator("#library-rows tr").filter({ hasText: "other.wav" }).locator(".where");
    await where.getByText("of your song, in a mix").waitFor({ timeout: CHECK_TIMEOUT_MS });
  });
});
