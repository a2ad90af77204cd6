/** Pictures of the result page: timelines and heat map of made-up reports of real songs. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MODERATE, STRONG, composedPassage, composition, passage } from "../support/inputs/made-up-reports.js";
import { madeUpReports } from "../support/report-visit.js";

describe("pictures", () => {
  const visit = madeUpReports();

  test("the pictures lie where the report says: waveforms, blocks, ribbons, axes, heat map, diagonals", async () => {
    await visit.page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
    const side = 20;
    const scores = Array.from({ length: side * side }, (_, index) =>
      Math.floor(index / side) === index % side ? 1 : 0,
    );
    await visit.show({ ...STRONG, passages: [passage()], matrix: { rows: side, cols: side, hopSecs: 0.5, scores } });
    const path = async (/** @type {string} */ wave) => (await visit.page.locator(wave).getAttribute("d")) ?? "";
    for (const wave of [".wave-left", ".wave-right"])
      assert.ok((await path(wave)).split("L").length > 1000, `${wave} is hardly drawn`);
    assert.notEqual(
      (await path(".wave-left")).length,
      (await path(".wave-right")).length,
      "both songs have one waveform",
    );

    const box = (/** @type {string} */ selector) =>
      visit.page.locator(selector).evaluateAll((all) => all.map((one) => one.getBoundingClientRect().toJSON()));
    const [picture] = await box(".links-picture svg");
    const at = (/** @type {number} */ secs) => picture.x + (picture.width * secs) / 12;
    for (const [block, [from, to]] of (await box(".block")).map(
      (block, index) => /** @type {const} */ ([block, index === 0 ? [1, 5] : [6, 10]]),
    )) {
      assert.ok(
        Math.abs(block.x - at(from)) < 2 && Math.abs(block.x + block.width - at(to)) < 2,
        "a block lies elsewhere",
      );
    }
    const [ribbon] = await box(".ribbon");
    assert.ok(
      Math.abs(ribbon.x - at(1)) < 2 && Math.abs(ribbon.x + ribbon.width - at(10)) < 2,
      "the ribbon ties other places",
    );
    for (const [row, step] of /** @type {const} */ ([
      [".links-body .ticks", 2],
      [".heat-xticks", 5],
      [".heat-yticks", 5],
    ])) {
      const ticks = await visit.page.locator(row).first().locator("span").allInnerTexts();
      assert.deepEqual(ticks.slice(0, 2), ["0:00", `0:0${step}`], row);
    }

    const [heat] = await box(".heat-box");
    const [diagonal] = await box(".diagonal");
    const places = [diagonal.x - heat.x, diagonal.x + diagonal.width - heat.x].map((x) => (x / heat.width) * 12);
    const heights = [diagonal.y + diagonal.height, diagonal.y].map(
      (y) => ((heat.y + heat.height - y) / heat.height) * 12,
    );
    assert.deepEqual([...places, ...heights].map(Math.round), [1, 5, 6, 10]);
    await visit.page.waitForFunction(
      () => /** @type {HTMLCanvasElement} */ (document.querySelector(".heat-box canvas")).width === 24,
    );
    /**
     * The colour of the heat map at a time in each song.
     * @param {number} leftSecs @param {number} rightSecs
     */
    const colour = (leftSecs, rightSecs) =>
      visit.page.evaluate(
        ([x, y]) => {
          const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector(".heat-box canvas"));
          const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
          return [
            ...context
              .getImageData(Math.floor(2 * Number(x)), canvas.height - 1 - Math.floor(2 * Number(y)), 1, 1)
              .data.slice(0, 3),
          ];
        },
        [leftSecs, rightSecs],
      );
    await visit.page.waitForTimeout(200);
    assert.deepEqual(await colour(6, 6), [42, 20, 70], "1 is the darkest");
    assert.deepEqual(await colour(6, 3), [244, 242, 237], "0 is the lightest");
    await visit.page
      .locator(".heat-box")
      .hover({ position: { x: (heat.width * 6.1) / 12, y: heat.height * (1 - 6.1 / 12) } });
    assert.match(await visit.page.locator(".heat-readout").innerText(), /^0:06\.[012] ↔ 0:06\.[012]: 1\.00/);
  });

  test("on a phone, the numbers in the pictures do not touch where passages are close together", async () => {
    await visit.page.setViewportSize({ width: 360, height: 740 });
    const starts = [1, 1.7, 2.4];
    const again = { leftStartSecs: 8, leftEndSecs: 11, rightStartSecs: 1.5, rightEndSecs: 5 };
    await visit.show({
      ...STRONG,
      passages: starts.map((secs) =>
        passage({ leftStartSecs: secs, leftEndSecs: secs + 2, rightStartSecs: secs, rightEndSecs: secs + 2 }),
      ),
      composition: composition("same-composition", 0.9, [composedPassage(again)]),
    });
    const boxes = await visit.page
      .locator(".links-picture .flag, .heat-box .flag")
      .evaluateAll((all) => all.map((one) => one.getBoundingClientRect().toJSON()));
    assert.equal(boxes.length, 3 + 3 + 4, "in the timeline the first two passages are one stretch");
    for (const [index, box] of boxes.entries())
      for (const other of boxes.slice(index + 1))
        assert.ok(
          box.right < other.x || other.right < box.x || box.bottom < other.y || other.bottom < box.y,
          `number ${index + 1} touches another`,
        );
  });

  test("without a passage the pictures say so, and there is no list, nor a table to save", async () => {
    await visit.show({ ...MODERATE, passages: [] });
    assert.match(await visit.page.locator(".links-picture").innerText(), /No single passage could be marked/);
    for (const hidden of ["#passages-card", "#save-csv"])
      assert.ok(await visit.page.locator(hidden).isHidden(), hidden);
  });

  test("a short song beside an hour: every passage can be seen and pointed at", async () => {
    await visit.show({
      ...STRONG,
      passages: [passage({ rightStartSecs: 3594, rightEndSecs: 3598 })],
      right: { durationSecs: 3600 },
    });
    const [left, right] = await visit.page
      .locator(".block")
      .evaluateAll((all) => all.map((one) => one.getBoundingClientRect().toJSON()));
    assert.ok(left.width > 100);
    assert.ok(right.width >= 4, `${right.width} px wide`);
    const picture = await visit.page
      .locator(".links-picture svg")
      .evaluate((one) => one.getBoundingClientRect().toJSON());
    assert.ok(right.x + right.width <= picture.x + picture.width + 0.5, "the block lies beside the picture");
    await visit.page.locator(".block").nth(1).hover();
    assert.match((await visit.page.locator("#passages li").getAttribute("class")) ?? "", /active/);
  });
});
