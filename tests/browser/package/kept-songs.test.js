/** Songs that are recognised, in the page and on the device. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, test } from "node:test";
import { countDecoded, visits } from "../support/visit.js";

const CHECK_TIMEOUT_MS = 90_000;

describe("kept songs", () => {
  const visit = visits();
  const { audio, give, report, songs } = visit;

  before(async () => {
    songs.sameCopy = audio.file("same-copy.mp3", readFileSync(songs.copy));
  });

  test("a song that stays is not analysed again", async () => {
    await give("left", songs.original);
    await give("right", songs.copy);
    const first = await report();
    await visit.page.evaluate(() => {
      const seen = /** @type {{ stages: string[], reports: number }} */ ({ stages: [], reports: 0 });
      const stage = /** @type {Element} */ (document.querySelector("#progress-stage"));
      new MutationObserver(() => seen.stages.push(stage.textContent ?? "")).observe(stage, { childList: true });
      const result = /** @type {Element} */ (document.querySelector("#result"));
      new MutationObserver(() => {
        if (result.hasAttribute("data-score")) seen.reports++;
      }).observe(result, { attributeFilter: ["data-score"] });
      Object.assign(globalThis, { seen });
    });
    await give("right", songs.unrelated);
    await visit.page.waitForFunction(() => /** @type {any} */ (globalThis).seen.reports > 0, undefined, {
      timeout: CHECK_TIMEOUT_MS,
    });
    assert.notDeepEqual(await report(), first);
    const stages = /** @type {string[]} */ (await visit.page.evaluate("seen.stages"));
    assert.ok(!stages.some((stage) => stage.includes("original.wav")), "the unchanged song was analysed again");
    assert.ok(
      stages.some((stage) => stage.includes("unrelated.wav")),
      "the song that was chosen again was not analysed",
    );
  });

  test("a song that was checked before is recognised by its content, until the visitor deletes it", async () => {
    await countDecoded(visit.page);
    await give("left", songs.original);
    await give("right", songs.copy);
    const first = await report();
    await visit.page
      .locator("#kept-words")
      .getByText(/on this device: 2 analysed songs/)
      .waitFor();
    await visit.page.reload();
    await give("left", songs.original);
    await give("right", songs.sameCopy);
    assert.deepEqual(await report(), first);
    assert.equal(await visit.page.evaluate("decoded"), 0, "a known song was decoded");
    assert.match(await visit.page.locator(".zone.right").innerText(), /same-copy\.mp3[^]*0:20/);
    assert.match(await visit.page.locator("#verdict-words").innerText(), /same-copy\.mp3/, "the name of today");
    await visit.page.click("#kept-clear");
    await visit.page.locator("#kept-words").getByText("Nothing is kept").waitFor();
    await visit.page.reload();
    await give("left", songs.original);
    await give("right", songs.copy);
    assert.deepEqual(await report(), first);
    assert.equal(await visit.page.evaluate("decoded"), 2);
  });

  for (const [what, breakStorage] of /** @type {const} */ ([
    [
      "is denied",
      () => {
        IDBFactory.prototype.open = () => {
          throw new DOMException("denied", "SecurityError");
        };
      },
    ],
    [
      "is full",
      () => {
        IDBObjectStore.prototype.put = () => {
          throw new DOMException("full", "QuotaExceededError");
        };
      },
    ],
  ])) {
    test(`where storage ${what}, songs are kept until the page is closed`, async () => {
      await visit.page.addInitScript(breakStorage);
      await countDecoded(visit.page);
      await visit.page.reload();
      await give("left", songs.original);
      await give("right", songs.copy);
      const first = await report();
      await visit.page.getByText(/until you close this page.*2 analysed songs/).waitFor();
      await visit.page.click("#restart");
      await give("left", songs.original);
      await give("right", songs.copy);
      assert.deepEqual(await report(), first);
      assert.equal(await visit.page.evaluate("decoded"), 2, "the second check decoded again");
    });
  }
});
