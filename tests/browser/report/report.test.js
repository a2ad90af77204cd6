/** The report: passages highlighted and played, and the report printed and saved. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { visits } from "../support/visit.js";

describe("report", () => {
  const visit = visits();
  const { give, report, songs } = visit;

  test("pointing at a passage highlights its block, ribbon and diagonal; its button plays both songs", async () => {
    await give("left", songs.original);
    await give("right", songs.copy);
    await report();
    await visit.page.locator("#passages li").first().hover();
    for (const part of [".block", ".ribbon", ".diagonal", ".links-picture .flag", ".heat-box .flag"]) {
      assert.match(
        (await visit.page.locator(`${part}[data-passage="0"]`).first().getAttribute("class")) ?? "",
        /active/,
        part,
      );
    }
    for (const part of [".block", ".ribbon", ".heat-box .flag"]) {
      await visit.page.mouse.move(1, 1);
      assert.equal(await visit.page.locator("#passages li.active").count(), 0);
      await visit.page.locator(`${part}[data-passage="0"]`).first().hover();
      assert.match(
        (await visit.page.locator("#passages li").first().getAttribute("class")) ?? "",
        /active/,
        `the row of ${part}`,
      );
    }
    const button = visit.page.locator("#passages button").first();
    await button.click();
    const places = () =>
      visit.page.locator(".playhead.on").evaluateAll((heads) => heads.map((head) => head.getBoundingClientRect().x));
    await visit.page.waitForFunction(() => document.querySelectorAll(".playhead.on").length === 2);
    const first = await places();
    await visit.page.waitForFunction(
      (from) =>
        [...document.querySelectorAll(".playhead.on")].every(
          (head, index) => head.getBoundingClientRect().x > Number(from[index]) + 1,
        ),
      first,
    );
    const blocks = await visit.page
      .locator('.block[data-passage="0"]')
      .evaluateAll((all) => all.map((block) => block.getBoundingClientRect()));
    for (const [index, x] of (await places()).entries()) {
      const block = /** @type {DOMRect} */ (blocks[index]);
      assert.ok(x >= block.x - 2 && x <= block.right + 2, "the playing position is outside its passage");
    }
    assert.match(await visit.page.locator(".heat-readout").innerText(), /0:\d\d\.\d ↔ 0:\d\d\.\d/);
    await button.click();
    assert.equal(await visit.page.locator(".playhead.on").count(), 0);
    await visit.page.locator('.ribbon[data-passage="0"]').click();
    await visit.page.waitForFunction(() => document.querySelectorAll(".playhead.on").length === 2);
  });

  /** Mean of the heat map's red, green and blue values. */
  const meanLevel = () =>
    visit.page
      .locator("#heatmap canvas")
      .first()
      .evaluate((canvas) => {
        const { width, height } = /** @type {HTMLCanvasElement} */ (canvas);
        const { data } = /** @type {CanvasRenderingContext2D} */ (
          /** @type {HTMLCanvasElement} */ (canvas).getContext("2d")
        ).getImageData(0, 0, width, height);
        return Math.round(
          data.reduce((sum, level, index) => (index % 4 === 3 ? sum : sum + level), 0) / (3 * width * height),
        );
      });

  test("on paper the report is whole: every detail is open, and no controls are printed", async () => {
    await give("left", songs.original);
    await give("right", songs.copy);
    await report();
    await visit.page.emulateMedia({ colorScheme: "dark" });
    await visit.page.waitForTimeout(300);
    const dark = await meanLevel();
    await visit.page.emulateMedia({ media: "print" });
    await visit.page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    for (const shown of [".verdict", ".links-picture", "#passages", ".heat-box", "#facts dl", "#meaning"])
      assert.ok(await visit.page.locator(shown).isVisible(), shown);
    for (const hidden of [".zones", "#save-json", ".about", "#passages button"])
      assert.ok(!(await visit.page.locator(hidden).first().isVisible()), hidden);
    assert.notEqual(await meanLevel(), dark, "the heat map is printed as it is on a dark screen");
    await visit.page.evaluate(() => dispatchEvent(new Event("afterprint")));
    assert.equal(await visit.page.locator("#result details[open]").count(), 0);
    assert.match(await visit.page.title(), /original\.wav – copy\.mp3/, "the name that a printed file gets");
  });

  /** @param {string} button @returns {Promise<string>} the saved text */
  async function saved(button) {
    const [download] = await Promise.all([visit.page.waitForEvent("download"), visit.page.click(button)]);
    return readFileSync(await download.path(), "utf8");
  }

  test("the report is saved as JSON and CSV with equal content; the same songs give the same files", async () => {
    await give("left", songs.original);
    await give("right", songs.copy);
    const { score, verdict } = await report();
    const json = await saved("#save-json");
    const csv = await saved("#save-csv");
    assert.ok(csv.startsWith("\ufeff"), "Excel would garble the names");
    const read = JSON.parse(json);
    assert.deepEqual([read.score, read.verdict, read.left.name, read.backend], [score, verdict, "original.wav", "cpu"]);
    assert.equal(read.matrix.scores.length, read.matrix.rows * read.matrix.cols);
    const [header, ...lines] = csv
      .slice(1)
      .trimEnd()
      .split("\r\n")
      .map((line) => line.split(","));
    assert.ok(lines.length >= 1, "no passage was saved");
    const passages = lines.map((line) => Object.fromEntries(line.map((cell, index) => [header[index], cell])));
    for (const [index, passage] of read.passages.entries()) {
      assert.equal(passages[index].left, "original.wav");
      assert.equal(passages[index].right, "copy.mp3");
      for (const [name, digits] of [
        ["left_start_secs", 1],
        ["left_end_secs", 1],
        ["right_start_secs", 1],
        ["right_end_secs", 1],
        ["score", 3],
        ["speed_ratio", 3],
        ["speed_ratio_min", 3],
        ["speed_ratio_max", 3],
        ["pitch_shift_semitones", 1],
        ["share", 2],
        ["left_share", 2],
      ]) {
        const key = String(name).replace(/_(.)/g, (_, letter) => letter.toUpperCase());
        // Where the speed is constant, it is its own range.
        const inJson = passage[key] ?? passage.speedRatio;
        assert.equal(passages[index][name], inJson.toFixed(digits), String(name));
      }
    }
    assert.equal(passages.length, read.passages.length);
    await visit.page.click("#kept-clear");
    await visit.page.reload();
    await give("left", songs.original);
    await give("right", songs.copy);
    await report();
    assert.equal(await saved("#save-json"), json, "the second report differs");
    assert.equal(await saved("#save-csv"), csv);
  });

  test("the details name the files by their SHA-256", async () => {
    await give("left", songs.original);
    await give("right", songs.copy);
    await report();
    await visit.page.click("#facts summary");
    const facts = await visit.page.locator("#facts dl").innerText();
    for (const name of ["original", "copy"]) {
      const bytes = readFileSync(songs[name]);
      const digest = createHash("sha256").update(bytes).digest("hex");
      assert.match(
        facts,
        new RegExp(`${name}\\.\\w+, 2\\d\\.\\d s, ${bytes.length.toLocaleString("en")} bytes, SHA-256 ${digest}`),
      );
    }
    // An “ff” that is printed as a ligature can't be searched for.
    assert.equal(
      await visit.page
        .locator("#facts dd")
        .first()
        .evaluate((one) => getComputedStyle(one).fontVariantLigatures),
      "none",
    );
    assert.match(
      facts,
      new RegExp(`weights SHA-256 [0-9a-f]{64}[^]*Checked\\s+.*${new Date().toISOString().slice(0, 10)}`),
    );
  });
});
