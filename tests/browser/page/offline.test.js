/** The site without a network: the copy is complete, and is replaced as a whole. */

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, test } from "node:test";
import { SITE, serveSite } from "../support/harness.js";
import { visits } from "../support/visit.js";

describe("offline", () => {
  const visit = visits();
  const { give, report, songs } = visit;

  /** The protocol contains only types and is never loaded. The page asks no catalogue. */
  const NOT_OF_THE_PAGE = /^pkg\/(wasm|catalogue)\/|^pkg\/engine\/protocol\.js$|^service-worker\.js$/;
  /** All modules that a page may import, including those that are loaded on demand. */
  const modules = readdirSync(SITE, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".js") && !NOT_OF_THE_PAGE.test(path))
    .map((path) => `/${path}`);

  /** Paths in the copy of the site, once it is stored. */
  async function keptPaths(page = visit.page) {
    let last = "";
    for (let tries = 0; tries < 100; tries++) {
      const paths = await page.evaluate(async () => {
        const names = (await caches.keys()).filter((name) => name.startsWith("soundalike-"));
        const [name] = names;
        const keys = name === undefined ? [] : await (await caches.open(name)).keys();
        return { names, paths: keys.map(({ url }) => new URL(url).pathname) };
      });
      const needed = [
        "/",
        "/style.css",
        "/pkg/wasm/cpu/soundalike.js",
        "/pkg/wasm/cpu/soundalike_bg.wasm",
        "/pkg/wasm/weights.safetensors",
        "/example/midnight-ferry.mp3",
        "/embed.html",
        ...modules,
      ];
      // Files are added one by one.
      const isSettled = JSON.stringify(paths) === last;
      last = JSON.stringify(paths);
      if (isSettled && paths.names.length === 1 && needed.every((path) => paths.paths.includes(path))) return paths;
      await page.waitForTimeout(500);
    }
    return assert.fail("no one whole copy of the site is kept");
  }

  /** Text to append to the files of the site for another version. @param {string} version */
  const filesOfVersion = (version) => ({
    "/": `<meta name="version" content="${version}">`,
    "/style.css": `:root { --version:${version} }`,
    "/shared/dom.js": `export const version = "${version}";`,
  });

  /**
   * Versions of a page, its style sheet and one of its scripts; "0" for the site as it is.
   * @param {import("playwright-core").Page} page
   */
  const versionsOn = (page) =>
    page.evaluate(async () => {
      const { version = "0" } = await import(new URL("shared/dom.js", location.href).href);
      return [
        document.querySelector("meta[name=version]")?.getAttribute("content") ?? "0",
        getComputedStyle(document.documentElement).getPropertyValue("--version") || "0",
        version,
      ];
    });

  test("after the first visit the page works with the network off", async () => {
    await keptPaths();
    await visit.page.context().setOffline(true);
    await visit.page.reload();
    await give("left", songs.original);
    await give("right", songs.copy);
    assert.notEqual((await report()).verdict, "different");
    // The folder's other address, and pages that were not visited before.
    await visit.page.goto(`${visit.shared.url}index.html`);
    await visit.page.locator(".zone.left").waitFor();
    await visit.page.goto(visit.shared.url);
    await visit.page.click("#example");
    assert.notEqual((await report()).verdict, "different");
    await visit.page.goto(`${visit.shared.url}embed.html`);
    await visit.page.locator("#any label").first().waitFor();
  });

  test("it can be installed as an application", async () => {
    const session = await visit.page.context().newCDPSession(visit.page);
    const { url, errors } = await session.send("Page.getAppManifest");
    assert.equal(url, `${visit.shared.url}site.webmanifest`);
    assert.deepEqual(errors, []);
    const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
    assert.deepEqual(
      installabilityErrors.filter(({ errorId }) => errorId !== "in-incognito"),
      [],
    );
  });

  test("a new version of the site replaces the kept one whole", async () => {
    const before = await keptPaths();
    const style = await visit.page.evaluate(async () => (await fetch("style.css")).text());
    await visit.page
      .context()
      .route("**/style.css", (route) =>
        route.fulfill({ contentType: "text/css", body: `${style}\n.brand { letter-spacing: 9px }` }),
      );
    await visit.page.reload();
    assert.equal(
      await visit.page.evaluate(
        () => getComputedStyle(/** @type {Element} */ (document.querySelector(".brand"))).letterSpacing,
      ),
      "9px",
      "an old file was served",
    );
    let after = before;
    for (let tries = 0; after.names[0] === before.names[0] && tries < 100; tries++) after = await keptPaths();
    assert.notDeepEqual(after.names, before.names);
    assert.deepEqual(after.paths.sort(), before.paths.sort());
    await visit.page.context().setOffline(true);
    await visit.page.context().unroute("**/style.css");
    await visit.page.reload();
    assert.equal(
      await visit.page.evaluate(
        () => getComputedStyle(/** @type {Element} */ (document.querySelector(".brand"))).letterSpacing,
      ),
      "9px",
    );
  });

  test(
    "a new version of the site is seen at once, whole, on a host that lets its files be kept",
    { skip: Boolean(process.env["SOUNDALIKE_URL"]) },
    async (t) => {
      const appended = /** @type {Record<string, string>} */ ({});
      const host = await serveSite(undefined, { headers: { "cache-control": "max-age=600" }, appended });
      t.after(() => host.close());
      const page = await visit.shared.browser.newPage();
      t.after(() => page.close());
      await page.goto(host.url);
      await page.evaluate(async () => {
        await navigator.serviceWorker.ready;
        while (!navigator.serviceWorker.controller) await new Promise((resolve) => setTimeout(resolve, 50));
      });
      for (const version of ["0", "1", "2"]) {
        if (version !== "0") Object.assign(appended, filesOfVersion(version));
        // By a reload, and as by a bookmark.
        for (const way of version === "2" ? ["goto", "reload"] : ["reload", "goto"]) {
          await (way === "reload" ? page.reload() : page.goto(host.url));
          assert.deepEqual(await versionsOn(page), [version, version, version], `${way} of version ${version}`);
        }
      }
    },
  );

  const isRunning = Boolean(process.env["SOUNDALIKE_URL"]);
  /** Later than the service worker waits. */
  const LATE_MS = 6000;

  /**
   * A page whose site, once it is kept, has version 1.
   * @param {import("node:test").TestContext} t
   */
  async function pageOfNewVersion(t) {
    const appended = /** @type {Record<string, string>} */ ({});
    const delaysMs = /** @type {Record<string, number>} */ ({});
    const host = await serveSite(undefined, { appended, delaysMs });
    t.after(() => host.close());
    const page = await visit.shared.browser.newPage();
    t.after(() => page.close());
    await page.goto(`${host.url}?backend=cpu`);
    await keptPaths(page);
    Object.assign(appended, filesOfVersion("1"));
    return { page, appended, delaysMs };
  }

  test("if the page itself is late, all of its files are those that are kept", { skip: isRunning }, async (t) => {
    const { page, appended, delaysMs } = await pageOfNewVersion(t);
    const [first] = (await keptPaths(page)).names;
    delaysMs["/"] = LATE_MS;
    appended["/pkg/wasm/cpu/soundalike.js"] = 'throw new Error("this is no file of the kept version");';
    await page.reload();
    assert.deepEqual(await versionsOn(page), ["0", "0", "0"]);
    await page.click("#example");
    await page.locator("[data-verdict]").waitFor({ timeout: 90_000 });
    // The new version is kept for the next visit, and the old one for this page.
    const names = () => page.evaluate(async () => (await caches.keys()).filter((name) => /^soundalike-/.test(name)));
    for (let tries = 0; (await names()).length < 2 && tries < 300; tries++) await page.waitForTimeout(100);
    assert.deepEqual([(await names()).length, (await names())[0]], [2, first]);
    const glue = await page.evaluate(async () => (await fetch("pkg/wasm/cpu/soundalike.js")).text());
    assert.doesNotMatch(glue, /no file of the kept version/);
    await page.reload();
    assert.deepEqual(await versionsOn(page), ["1", "1", "1"]);
  });

  test("if another file is late, the page waits for it", { skip: isRunning }, async (t) => {
    const { page, delaysMs } = await pageOfNewVersion(t);
    delaysMs["/shared/dom.js"] = LATE_MS;
    await page.reload();
    assert.deepEqual(await versionsOn(page), ["1", "1", "1"]);
  });
});
