/** `<sound-alike catalogue>`: the visitor is asked, then the catalogue is. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, beforeEach, describe, test } from "node:test";
import { ANSWER, IDS, serveCatalogue } from "../support/catalogue-service.js";
import { LOCAL_REQUESTS, openBlankPage } from "../support/harness.js";
import { siteInChromium } from "../support/visit.js";

const SEARCH_TIMEOUT_MS = 90_000;

describe("sound-alike element with a catalogue", () => {
  const shared = siteInChromium(LOCAL_REQUESTS);
  /** @type {import("playwright-core").Page} */
  let page;
  /** @type {Awaited<ReturnType<typeof serveCatalogue>>} */
  let service;
  /** @type {string} */
  let mine;
  /** @type {string} */
  let other;

  before(async () => {
    mine = shared.audio.tune("mine.wav", 1, 8);
    other = shared.audio.tune("other.wav", 7, 8);
    service = await serveCatalogue();
    page = await openBlankPage(shared.browser, shared.url);
    await page.evaluate(() => import(String("/pkg/element.js")));
  });
  after(() => service.close());
  beforeEach(async () => {
    service.received.length = 0;
    service.reply = {};
    await page.evaluate((url) => {
      const element = document.createElement("sound-alike");
      element.setAttribute("catalogue", url);
      const events = /** @type {any[]} */ ([]);
      for (const type of ["soundalike-catalogue", "soundalike-error"])
        element.addEventListener(type, (event) => events.push([type, /** @type {CustomEvent} */ (event).detail]));
      Object.assign(globalThis, { events });
      document.body.replaceChildren(element);
    }, service.url);
  });

  const events = () => /** @type {Promise<any[]>} */ (page.evaluate("events"));
  const agree = () => page.getByRole("button", { name: "Agree and search" });
  const found = () => page.locator(".found");
  /** @param {string} file */
  const give = (file) => page.locator("sound-alike input").first().setInputFiles(file);

  test("nothing is sent before the visitor agrees to what is sent, with every song", async () => {
    service.songs = {};
    await give(mine);
    await agree().waitFor();
    const { host } = new URL(service.url);
    const words = await page.locator("[part=consent]").innerText();
    assert.match(words, new RegExp(`Nothing has been sent yet\\. If you agree, numbers .* sent to ${host},`));
    assert.match(words, /The sound and the name of your song stay on this device\.$/);
    assert.ok(await page.locator("[data-side=right]").isHidden(), "there is no other song to choose");
    await page.waitForTimeout(300);
    assert.equal(service.received.length, 0);

    await agree().click();
    await found().waitFor({ timeout: SEARCH_TIMEOUT_MS });
    assert.equal(service.received.filter(({ method }) => method === "POST").length, 1);
    const [[type, answer]] = await events();
    assert.deepEqual([type, answer.songs, answer.candidates.length], ["soundalike-catalogue", 3, 3]);
    assert.match(await found().innerText(), /resemble yours most\. They were not compared with it/);
    assert.match(await page.locator("[part=passages] li").first().innerText(), /another\.wav\s+0:02 ↔ 0:01/);

    // A consent is for one song.
    service.received.length = 0;
    await give(other);
    await agree().waitFor();
    assert.ok(await found().isHidden());
    assert.equal(service.received.length, 0);
  });

  test("kept songs are compared, and matches shown with their places", async () => {
    const analysis = await page.evaluate(
      async (url) => {
        const { createChecker } = await import(String("/pkg/index.js"));
        const checker = await createChecker({ backend: "cpu" });
        const song = await checker.analyse(url);
        return [...song.analysis];
      },
      `data:audio/wav;base64,${readFileSync(mine).toString("base64")}`,
    );
    service.songs = { [IDS.source]: Buffer.from(analysis) };
    await give(mine);
    await agree().click();
    await found().waitFor({ timeout: SEARCH_TIMEOUT_MS });
    assert.match(await found().innerText(), /^One song matches \(compared with yours: 1 of the 3 songs/);
    assert.match(
      await page.locator("[part=passages] li").first().innerText(),
      /^1\.00 Nearly identical: the source\.wav/,
    );
    assert.equal(await page.locator("[part=passages] > li").count(), 1, "only what matches is shown");
    // An element that is moved keeps what it shows.
    await page.evaluate(() => {
      const element = /** @type {HTMLElement} */ (document.querySelector("sound-alike"));
      document.body.append(document.createElement("p"), element);
    });
    await page.waitForTimeout(100);
    assert.ok(await found().isVisible());
  });

  test("an error is said, and another try asks again", async () => {
    service.songs = {};
    service.reply = { status: 429, body: "" };
    await give(mine);
    await agree().click();
    await page.locator(".catalogue [part=error]").waitFor({ timeout: SEARCH_TIMEOUT_MS });
    assert.match(await page.locator(".catalogue [part=error]").innerText(), /Wait a minute, then try again/);
    assert.equal((await events())[0][0], "soundalike-error");
    const sentence = await page.locator(".catalogue [part=consent]").innerText();
    assert.match(sentence, /^If you agree again, numbers/, "numbers were sent");
    service.reply = { body: JSON.stringify({ ...JSON.parse(ANSWER), songs: 0, candidates: [] }) };
    await agree().click();
    await found().waitFor({ timeout: SEARCH_TIMEOUT_MS });
    assert.match(await found().innerText(), /^The catalogue of .* is empty\.$/);
  });
});
