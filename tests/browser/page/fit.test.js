/** Layout of the result page: many passages, long names and small screens. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { STRONG, passage } from "../support/inputs/made-up-reports.js";
import { CHECK_TIMEOUT_MS, madeUpReports } from "../support/report-visit.js";

const PHONE = { width: 360, height: 740 };

describe("fit", () => {
  const visit = madeUpReports();
  const { audio } = visit.shared;
  const songs = {
    ...visit.songs,
    long: audio.tune(`${"a name without end ".repeat(6)}${"withoutaspace".repeat(9)}.wav`, 2, 5),
    endlessText: audio.file(`${"withoutaspace".repeat(18)}.mp3`, "no song ".repeat(500)),
    hebrew: audio.tune("שיר שלי.wav", 3, 5),
  };

  /** Asserts that nothing is outside of the screen, and that no text is cut off by its parent. */
  async function assertFits() {
    const { wide, screen, cut } = await visit.page.evaluate(() => ({
      wide: document.documentElement.scrollWidth,
      screen: document.documentElement.clientWidth,
      cut: [...document.querySelectorAll("main button, main h2, main h3, main p, main li, .zone, .card")]
        .filter((element) => /** @type {HTMLElement} */ (element).offsetParent !== null)
        .filter((element) => element.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
        .map((element) => `${element.tagName} ${element.className}`),
    }));
    assert.ok(wide <= screen, `${wide} px on a screen of ${screen}`);
    assert.deepEqual(cut, []);
  }

  for (const [what, viewport] of /** @type {const} */ ([
    ["a phone", PHONE],
    ["a desk with the text twice as large", { width: 640, height: 400 }],
  ])) {
    test(`forty passages and very long names fit on ${what}`, async () => {
      await visit.page.setViewportSize(viewport);
      const passages = Array.from({ length: 40 }, (_, index) =>
        passage({
          leftStartSecs: index / 9,
          leftEndSecs: index / 9 + 0.3,
          rightStartSecs: 4 - index / 11,
          rightEndSecs: 4.3 - index / 11,
          score: 1 - index / 60,
        }),
      );
      await visit.show({ ...STRONG, passages }, songs.long, songs.hebrew);
      assert.equal(await visit.page.locator("#passages li").count(), 40);
      assert.match(await visit.page.locator("#verdict-words").innerText(), /40 passages match/);
      const list = await visit.page
        .locator("#passages")
        .evaluate((one) => ({ height: one.clientHeight, content: one.scrollHeight }));
      assert.ok(
        list.height < viewport.height && list.content > 1000,
        `a list of ${list.height} px pushes all else away`,
      );
      await visit.page.emulateMedia({ media: "print" });
      assert.ok(
        (await visit.page.locator("#passages").evaluate((one) => one.clientHeight)) > 1000,
        "on paper the list is cut",
      );
      await visit.page.emulateMedia({ media: "screen" });
      await assertFits();
      for (const flag of await visit.page
        .locator(".links-picture .flag, .heat-box .flag")
        .evaluateAll((all) =>
          all.map((one) => [one.getBoundingClientRect(), one.parentElement?.getBoundingClientRect()]),
        )) {
        const [own, picture] = /** @type {DOMRect[]} */ (flag);
        assert.ok(own.left >= picture.left - 2 && own.right <= picture.right + 2, "a number lies beside its picture");
      }
    });
  }

  test("however long the names, the heat map's axes are as long as its picture, on screens and on paper", async () => {
    const name = "Some Artist - Some Song Title (Live at Somewhere) ".repeat(4);
    await visit.show({ ...STRONG, passages: [passage()], left: { name }, right: { name } });
    for (const media of /** @type {const} */ (["screen", "print"])) {
      await visit.page.emulateMedia({ media });
      for (const width of [390, 768, 1280, 1920]) {
        await visit.page.setViewportSize({ width, height: 900 });
        const [picture, yTicks, xTicks, yName] = await visit.page
          .locator(".heat-box, .heat-yticks, .heat-xticks, .heat-y")
          .evaluateAll((all) =>
            ["heat-box", "heat-yticks", "heat-xticks", "heat-y"].map((part) =>
              all
                .find((one) => one.classList.contains(part))
                ?.getBoundingClientRect()
                .toJSON(),
            ),
          );
        const where = `${media}, ${width} px`;
        assert.ok(
          Math.abs(yTicks.height - picture.height) < 1,
          `${where}: an axis of ${yTicks.height} px beside a picture of ${picture.height} px`,
        );
        assert.ok(Math.abs(xTicks.width - picture.width) < 1, where);
        assert.ok(
          yName.width > 10 && Math.abs(yName.height - picture.height) < 1,
          `${where}: the right song's name is lost`,
        );
      }
    }
  });

  test("a very long name fits while its song is checked, and in an error", async () => {
    await visit.page.setViewportSize(PHONE);
    await visit.page.route("**/*.wasm", () => {});
    await visit.page.goto(visit.shared.url);
    const inputs = visit.page.locator("input[type=file]");
    await inputs.nth(0).setInputFiles(songs.long);
    await inputs.nth(1).setInputFiles(songs.long);
    await visit.page.locator("#progress").waitFor();
    await assertFits();
    await visit.page.evaluate((name) => {
      const words = /** @type {HTMLElement} */ (document.querySelector("#progress-stage"));
      words.textContent = `Listening to ${name}`;
    }, songs.long);
    await assertFits();
    await visit.page.unroute("**/*.wasm");
    await visit.useMadeUpChecker();
    await visit.page.goto(visit.shared.url);
    await inputs.nth(0).setInputFiles(songs.endlessText);
    await inputs.nth(1).setInputFiles(songs.mine);
    await visit.page.locator("#error").waitFor({ timeout: CHECK_TIMEOUT_MS });
    await assertFits();
  });
});
