/**
 * The page without scripts, from a disk, in older browsers, with forced colours, a scroll bar, a
 * slow connection.
 */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { SITE, launchChromium } from "../support/harness.js";
import { siteInChromium } from "../support/visit.js";

const CHECK_TIMEOUT_MS = 90_000;

describe("surroundings", () => {
  const shared = siteInChromium();
  const { audio } = shared;
  /** @type {string} */
  let song;

  before(async () => {
    song = audio.tune("song.wav", 1, 12);
  });

  /**
   * A new page without a service worker, so that every request can be delayed.
   * @param {import("node:test").TestContext} t
   * @param {import("playwright-core").BrowserContextOptions} [options]
   */
  async function freshPage(t, options = {}) {
    const context = await shared.browser.newContext({ serviceWorkers: "block", ...options });
    t.after(() => context.close());
    context.setDefaultTimeout(CHECK_TIMEOUT_MS);
    return context.newPage();
  }

  /** @param {import("playwright-core").Page} page */
  async function compare(page) {
    for (const side of [0, 1]) await page.locator("input[type=file]").nth(side).setInputFiles(song);
    await page.locator("[data-verdict]").waitFor({ timeout: CHECK_TIMEOUT_MS });
  }

  test("without scripts the page says what it needs", async (t) => {
    const another = await launchChromium(["--blink-settings=scriptEnabled=false"]);
    t.after(() => another.close());
    const page = await another.newPage();
    await page.goto(shared.url, { waitUntil: "commit" });
    await page.waitForTimeout(1000);
    // The test's scripts don't run there either, so that it reads the accessibility tree.
    const session = await page.context().newCDPSession(page);
    const { nodes } = await session.send("Accessibility.getFullAXTree");
    assert.ok(nodes.some(({ ignored, name }) => !ignored && /needs JavaScript/.test(name?.value ?? "")));
  });

  test("opened from a disk the page says that it must be served", { skip: !existsSync(SITE) }, async (t) => {
    const page = await freshPage(t);
    for (const name of ["index.html", "embed.html"]) {
      await page.goto(String(pathToFileURL(join(SITE, name))));
      await page.getByRole("alert").getByText("opened from a disk").waitFor();
    }
    await page.goto(shared.url);
    assert.equal(await page.getByText("opened from a disk").isVisible(), false);
  });

  test("a browser that is too old to read the modules is told so", async (t) => {
    const page = await freshPage(t);
    const words = page.getByText("This browser is too old");
    for (const [name, script] of [
      ["index.html", "app.js"],
      ["embed.html", "embed.js"],
    ]) {
      await page.goto(`${shared.url}${name}`);
      await page.locator("input[type=file]").first().waitFor();
      assert.equal(await words.isVisible(), false);
      await page.route(`**/${script}`, (route) =>
        route.fulfill({ contentType: "text/javascript", body: "class Newer { unheardOf(] }" }),
      );
      await page.reload();
      await page.getByRole("alert").and(words).waitFor();
    }
  });

  for (const [what, functions] of /** @type {const} */ ([
    ["light-dark()", /light-dark\(/g],
    ["light-dark() and color-mix()", /(light-dark|color-mix)\(/g],
  ])) {
    test(`a browser that knows no ${what} shows the light colours`, async (t) => {
      const page = await freshPage(t, { colorScheme: "dark" });
      for (const files of [/\.css$/, /\/element\/shadow\.js$/]) {
        await page.route(files, async (route) => {
          const response = await route.fetch();
          await route.fulfill({ response, body: (await response.text()).replaceAll(functions, "unheard-of(") });
        });
      }
      await page.goto(`${shared.url}?backend=cpu`);
      await compare(page);
      /** @param {string} selector @param {string} property */
      const style = (selector, property) =>
        page
          .locator(selector)
          .first()
          .evaluate((element, wanted) => getComputedStyle(element).getPropertyValue(wanted), property);
      assert.equal(await style("body", "color"), "rgb(23, 25, 28)");
      assert.equal(await style("body", "background-color"), "rgb(250, 249, 246)");
      assert.equal(await style(".zone", "border-top-style"), "solid");
      assert.notEqual(
        await style(".zone", "border-top-color"),
        "rgb(23, 25, 28)",
        "a line in the colour of the text: its own was not understood",
      );
      assert.equal(await style(".block", "fill"), "rgb(116, 56, 176)");
      assert.notEqual(await style(".wave-base", "fill"), "rgb(0, 0, 0)");
      await page.goto(`${shared.url}embed.html`);
      assert.equal(
        await page
          .locator("#any label")
          .first()
          .evaluate((label) => getComputedStyle(label).borderTopColor),
        "rgb(216, 213, 206)",
      );
    });
  }

  test("with forced colours, chosen and highlighted parts are still marked", async (t) => {
    const page = await freshPage(t, { forcedColors: "active" });
    await page.goto(`${shared.url}?backend=cpu`);
    await compare(page);
    const backgrounds = await page
      .locator(".segmented span")
      .evaluateAll((all) => all.map((one) => getComputedStyle(one).backgroundColor));
    assert.notEqual(backgrounds[0], backgrounds[1], "the chosen way of playing is not visible");
    // Forced backgrounds keep their opacity, so that the two above differ even without a colour.
    const canvas = await page.locator("body").evaluate((body) => getComputedStyle(body).backgroundColor);
    assert.notEqual(backgrounds[0], canvas, "the chosen way of playing has the colour of the page");
    const outline = () =>
      page
        .locator("#passages li")
        .first()
        .evaluate((item) => getComputedStyle(item).outlineStyle);
    assert.equal(await outline(), "none");
    await page.locator("#passages li").first().hover();
    assert.equal(await outline(), "solid");
    for (const flag of await page.locator(".flag").all())
      assert.equal(await flag.evaluate((one) => getComputedStyle(one).borderTopStyle), "solid");
  });

  test("with reduced motion nothing moves", async (t) => {
    const page = await freshPage(t);
    await page.goto(shared.url);
    const moving = () =>
      page
        .locator("body *")
        .evaluateAll(
          (all) =>
            all
              .map((one) => getComputedStyle(one))
              .filter(
                ({ transitionProperty, transitionDuration, animationName }) =>
                  (transitionProperty !== "none" && /[1-9]/.test(transitionDuration)) || animationName !== "none",
              ).length,
        );
    assert.ok((await moving()) > 0, "nothing would move anyway");
    await page.emulateMedia({ reducedMotion: "reduce" });
    assert.equal(await moving(), 0);
  });

  test("the page does not move aside when its scroll bar comes or goes", async (t) => {
    const another = await launchChromium([], { ignoreDefaultArgs: ["--hide-scrollbars"] });
    t.after(() => another.close());
    const page = await another.newPage({ viewport: { width: 1280, height: 800 }, serviceWorkers: "block" });
    await page.goto(`${shared.url}?backend=cpu`);
    const place = () =>
      page.locator(".zone.left").evaluate((zone) => ({
        x: zone.getBoundingClientRect().x,
        scrolls: document.documentElement.scrollHeight > innerHeight,
      }));
    const tall = await place();
    assert.ok(tall.scrolls, "there is no scroll bar to begin with");
    await page.route("**/*.wasm", () => {});
    await page.reload();
    for (const side of [0, 1]) await page.locator("input[type=file]").nth(side).setInputFiles(song);
    await page.locator("#progress").waitFor();
    const short = await place();
    assert.ok(!short.scrolls, "the scroll bar is still there");
    assert.equal(short.x, tall.x);
  });

  test("over a slow connection the example shows that it loads; after a failure it can be tried again", async (t) => {
    const page = await freshPage(t);
    /** @type {(() => void)[]} */
    const held = [];
    let isDown = true;
    await page.route("**/example/*.mp3", async (route) => {
      await new Promise((resolve) => held.push(() => resolve(undefined)));
      await (isDown ? route.abort() : route.continue());
    });
    await page.goto(`${shared.url}?backend=cpu`);
    const example = page.locator("#example");
    await example.click();
    await page.locator("#idle-words").getByText("Loading the example").waitFor();
    assert.ok(await example.isDisabled());
    held.splice(0).forEach((go) => go());
    await page.locator("#error").getByText("The example could not be loaded. Check the connection").waitFor();
    isDown = false;
    await example.click();
    while (held.length < 2) await page.waitForTimeout(20);
    assert.ok(await page.locator("#error").isHidden(), "the old error stands while it is tried again");
    held.splice(0).forEach((go) => go());
    await page.locator("[data-verdict]").waitFor({ timeout: CHECK_TIMEOUT_MS });
  });

  test("a song that was given while the example was loading stays", async (t) => {
    const page = await freshPage(t);
    /** @type {(() => void)[]} */
    const held = [];
    await page.route("**/example/*.mp3", async (route) => {
      await new Promise((resolve) => held.push(() => resolve(undefined)));
      await route.continue();
    });
    await page.goto(`${shared.url}?backend=cpu`);
    await page.click("#example");
    while (held.length < 2) await page.waitForTimeout(20);
    await page.locator("input[type=file]").nth(0).setInputFiles(song);
    const arrived = page.waitForResponse("**/example/midnight-ferry.mp3");
    held.forEach((go) => go());
    await (await arrived).finished();
    await page.waitForTimeout(300);
    assert.match(await page.locator(".zone.left").innerText(), /song\.wav/);
    assert.ok(await page.locator("#progress").isHidden());
  });

  test("a screen reader announces the beginning and the verdict of a quick check, and nothing between", async (t) => {
    const page = await freshPage(t);
    await page.goto(`${shared.url}?backend=cpu`);
    const status = page.getByRole("status");
    await status.evaluate((region) => {
      const told = /** @type {string[]} */ ([]);
      Object.assign(globalThis, { told });
      new MutationObserver(() =>
        told.push(`${region.checkVisibility() ? "" : "(unheard) "}${region.textContent}`),
      ).observe(region, { childList: true });
    });
    await compare(page);
    const told = /** @type {string[]} */ (await page.evaluate("told"));
    assert.equal(told[0], "Comparing the songs");
    assert.match(told.at(-1) ?? "", /^Nearly identical, score \d\.\d\d\.$/);
    // On a machine that is slower than that, a stage is announced every 5 s.
    const secs = await page.evaluate(() => performance.now() / 1000);
    assert.ok(told.length <= 2 + secs / 5, told.join("; "));
    await page.locator("input[type=file]").nth(1).setInputFiles([song, song]);
    await page.waitForFunction(
      () => /** @type {any} */ (globalThis).told.at(-1).startsWith("All 2 checked"),
      undefined,
      { timeout: CHECK_TIMEOUT_MS },
    );
  });
});
