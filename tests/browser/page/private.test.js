/**
 * Songs kept on the device, in real browsers: ordinary and private windows, full storage, forbidden
 * storage.
 */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { audioFolder, launchChromium, launchChromiumProfile, serveSite } from "../support/harness.js";
import { countDecoded } from "../support/visit.js";
import { Firefox } from "../support/webdriver.js";

const CHECK_TIMEOUT_MS = 90_000;
/**
 * Free bytes on a full device: enough for the copy of the site, too few for one analysed song
 * (about 1.5 kB per second of music).
 */
const FULL_BYTES = 20_000;

/** @typedef {import("playwright-core").Page} Page */

describe("what stays on the device", () => {
  const audio = audioFolder();
  const songs = /** @type {Record<"left" | "right" | "third", string>} */ ({});
  /** @type {Awaited<ReturnType<typeof serveSite>>} */
  let site;
  /** @type {string} */
  let profiles;

  before(async () => {
    songs.left = audio.tune("left.wav", 1, 20);
    songs.right = audio.tune("right.wav", 7, 20);
    songs.third = audio.tune("third.wav", 9, 20);
    profiles = mkdtempSync(join(tmpdir(), "soundalike-profiles-"));
    site = await serveSite();
  });

  after(() => {
    site?.close();
    audio.remove();
    rmSync(profiles, { recursive: true, force: true });
  });

  /**
   * Counts the files that are decoded from now on.
   * @param {import("playwright-core").BrowserContext} context
   */
  async function openPage(context) {
    const page = await context.newPage();
    await countDecoded(page);
    await page.goto(`${site.url}?backend=cpu`);
    return page;
  }

  /** @param {Page} page @returns {Promise<string | null>} the score */
  async function check(page) {
    await page.locator("input[type=file]").nth(0).setInputFiles(songs.left);
    await page.locator("input[type=file]").nth(1).setInputFiles(songs.right);
    const report = page.locator("[data-verdict]");
    await report.waitFor({ timeout: CHECK_TIMEOUT_MS });
    return report.getAttribute("data-score");
  }

  /** @param {Page} page @param {RegExp} words */
  const says = (page, words) => page.locator("#kept-words").getByText(words).waitFor();

  test("an ordinary window: songs are known again after the browser was closed", async () => {
    const profile = join(profiles, "ordinary");
    const first = await launchChromiumProfile(profile);
    const page = await openPage(first);
    const score = await check(page);
    await says(page, /^Kept on this device: 2 analysed songs/);
    await first.close();

    const second = await launchChromiumProfile(profile);
    const again = await openPage(second);
    await says(again, /^Kept on this device: 2 analysed songs/);
    assert.equal(await check(again), score);
    assert.equal(await again.evaluate("decoded"), 0);
    await second.close();
  });

  test("a private window: checks work, nothing is left behind", async () => {
    const browser = await launchChromium();
    // A new context is like an incognito window: it shares nothing and keeps nothing.
    const context = await browser.newContext();
    const page = await openPage(context);
    const score = await check(page);
    await says(page, /2 analysed songs/);
    await page.reload();
    assert.equal(await check(page), score);
    assert.equal(await page.evaluate("decoded"), 0, "within the window songs are known");
    assert.match(await page.locator(".about").innerText(), /a private window forgets it when it is closed/);
    await context.close();
    const later = await openPage(await browser.newContext());
    await says(later, /Nothing is kept/);
    await browser.close();
  });

  test("a device without room: the page says so and goes on", async () => {
    const browser = await launchChromium();
    const page = await openPage(await browser.newContext({ serviceWorkers: "block" }));
    const session = await page.context().newCDPSession(page);
    const { origin } = new URL(site.url);
    await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: FULL_BYTES });
    const score = await check(page);
    await says(page, /^Kept until you close this page, as the browser keeps nothing for it: 2 analysed songs/);
    await page.click("#restart");
    assert.equal(await check(page), score);
    assert.equal(await page.evaluate("decoded"), 2, "the second check decoded again");

    // With enough space again, the next song is kept.
    await session.send("Storage.overrideQuotaForOrigin", { origin });
    await page.click("#kept-clear");
    await page.reload();
    assert.equal(await check(page), score);
    await says(page, /^Kept on this device: 2 analysed songs/);
    await browser.close();
  });

  test("a device that runs out of room in the middle of a library: the oldest songs are deleted", async () => {
    const browser = await launchChromium();
    const page = await openPage(await browser.newContext({ serviceWorkers: "block" }));
    const session = await page.context().newCDPSession(page);
    await check(page);
    await says(page, /^Kept on this device: 2 analysed songs/);
    const used = await page.evaluate(async () => (await navigator.storage.estimate()).usage ?? 0);
    await session.send("Storage.overrideQuotaForOrigin", { origin: new URL(site.url).origin, quotaSize: used });
    await page.locator("input[type=file]").nth(1).setInputFiles([songs.left, songs.third, songs.right]);
    await page.locator("#library-words").filter({ hasText: "All 3 checked" }).waitFor({ timeout: CHECK_TIMEOUT_MS });
    assert.equal(await page.locator("#library-rows tr.done").count(), 3);
    await says(page, /analysed songs?/);
    await browser.close();
  });

  test("storage that is denied by a setting: the page says so and goes on", async () => {
    const profile = join(profiles, "denied");
    mkdirSync(join(profile, "Default"), { recursive: true });
    // The setting “Block all cookies” forbids all storage of a site.
    writeFileSync(
      join(profile, "Default/Preferences"),
      JSON.stringify({ profile: { default_content_setting_values: { cookies: 2 } } }),
    );
    const context = await launchChromiumProfile(profile);
    const page = await openPage(context);
    const denied = await page.evaluate(() => {
      try {
        return `allowed: ${localStorage.length}`;
      } catch (error) {
        return /** @type {Error} */ (error).name;
      }
    });
    assert.equal(denied, "SecurityError", "the setting is in force");
    await check(page);
    await says(page, /^Kept until you close this page/);
    await page.click("#restart");
    await check(page);
    assert.equal(await page.evaluate("decoded"), 2);
    await context.close();
  });

  for (const [what, options, words] of /** @type {const} */ ([
    ["a private window", { prefs: { "browser.privatebrowsing.autostart": true } }, /2 analysed songs/],
    [
      "storage denied by a setting",
      { prefs: { "network.cookie.cookieBehavior": 2 } },
      /^Kept until you close this page[^]*2 analysed songs/,
    ],
    [
      "no room",
      { prefs: { "dom.quotaManager.temporaryStorage.fixedLimit": 1 } },
      /^Kept until you close this page[^]*2 analysed songs/,
    ],
  ])) {
    test(`Firefox with ${what}: checks work and the page says what is kept`, async () => {
      const firefox = await Firefox.launch(options);
      try {
        await firefox.open(site.url);
        /** Gives both songs and waits for the report. */
        const checked = async () => {
          await firefox.choose(".zone.left input[type=file]", songs.left);
          await firefox.choose(".zone.right input[type=file]", songs.right);
          await firefox.waitFor("[data-verdict], #error:not([hidden])", CHECK_TIMEOUT_MS);
          return firefox.run(() => {
            /** @type {HTMLElement | null} */
            const result = document.querySelector("[data-verdict]");
            return result?.dataset["score"] ?? document.body.innerText;
          });
        };
        const score = await checked();
        assert.match(score, /^[01]\./);
        let said = "";
        for (let tries = 0; tries < 100 && !words.test(said); tries++) {
          said = await firefox.run(() => document.querySelector("#kept-words")?.textContent ?? "");
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
        assert.match(said, words);
        await firefox.click("#restart");
        assert.equal(await checked(), score);
      } finally {
        await firefox.close();
      }
    });
  }
});
