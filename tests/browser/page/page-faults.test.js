/**
 * Faults of the engine and of parts that are loaded late: each is reported on the page, with its
 * code, and the next try works.
 */

import assert from "node:assert/strict";
import { afterEach, before, beforeEach, describe, test } from "node:test";
import { DIES, brokenEngine } from "../support/inputs/broken-engines.js";
import { siteInChromium } from "../support/visit.js";

const CHECK_TIMEOUT_MS = 90_000;

describe("faults on the page", () => {
  const shared = siteInChromium();
  const { audio } = shared;
  /** @type {import("playwright-core").Page} */
  let page;
  /** @type {string[]} */
  let songs;
  before(() => {
    songs = [audio.tune("one.wav", 1, 8), audio.tune("two.wav", 7, 8)];
  });
  beforeEach(async () => {
    // A service worker would answer requests that must fail.
    page = await (await shared.browser.newContext({ serviceWorkers: "block" })).newPage();
  });
  afterEach(() => page.context().close());

  const give = async () => {
    for (const [index, song] of songs.entries()) await page.locator("input[type=file]").nth(index).setInputFiles(song);
  };
  const again = async () => {
    await page.getByRole("button", { name: "Compare", exact: true }).click();
    await page.locator("[data-verdict]").waitFor({ timeout: CHECK_TIMEOUT_MS });
    assert.ok(await page.locator("#error").isHidden());
  };

  for (const [what, file, code] of /** @type {const} */ ([
    ["weights", "weights.safetensors", "weights-invalid"],
    ["engine", "soundalike_bg.wasm", "crashed"],
  ])) {
    test(`the ${what} can't be had: one error with its code, and the next try works`, async () => {
      await page.route(`**/${file}`, (route) => route.fulfill({ status: 404 }));
      await page.goto(`${shared.url}?backend=cpu`);
      await give();
      const error = page.locator("#error");
      await error.waitFor({ timeout: CHECK_TIMEOUT_MS });
      assert.equal(await error.getAttribute("data-code"), code);
      assert.match(await error.innerText(), /The check did not finish\. .*could not be loaded/);
      await page.unroute(`**/${file}`);
      await again();
    });
  }

  test("what saves a report can't be loaded: the page says so, and the next try works", async () => {
    await page.route("**/report/save.js", (route) => route.abort());
    await page.goto(`${shared.url}?backend=cpu`);
    await give();
    await page.locator("[data-verdict]").waitFor({ timeout: CHECK_TIMEOUT_MS });
    await page.locator("#save-json").click();
    const error = page.locator("#error");
    await error.waitFor();
    assert.match(await error.innerText(), /A part of this page can’t be loaded/);
    await page.unroute("**/report/save.js");
    const [download] = await Promise.all([page.waitForEvent("download"), page.locator("#save-json").click()]);
    assert.match(download.suggestedFilename(), /\.json$/);
  });

  test("the table of a library can't be loaded: the page says so, and the next try works", async () => {
    await page.route("**/library/library-view.js", (route) => route.abort());
    await page.goto(`${shared.url}?backend=cpu`);
    await page
      .locator("input[type=file]")
      .nth(0)
      .setInputFiles(songs[0] ?? "");
    const others = page.locator("input[type=file]").nth(1);
    await others.setInputFiles([...songs, ...songs]);
    const error = page.locator("#error");
    await error.waitFor();
    assert.match(await error.innerText(), /A part of this page can’t be loaded/);
    await page.unroute("**/library/library-view.js");
    await others.setInputFiles([...songs, ...songs, ...songs]);
    await page.locator("#library-rows tr.done").nth(5).waitFor({ timeout: CHECK_TIMEOUT_MS });
  });

  test("the worker is killed in the middle of a check: one error with its code, and the next try works", async () => {
    await page.route("**/wasm/cpu/soundalike.js", brokenEngine("cpu", DIES));
    await page.goto(`${shared.url}?backend=cpu`);
    await give();
    const error = page.locator("#error");
    await error.waitFor({ timeout: CHECK_TIMEOUT_MS });
    assert.equal(await error.getAttribute("data-code"), "crashed");
    await page.unroute("**/wasm/cpu/soundalike.js");
    await again();
  });
});
