/** `<sound-alike>` on pages of others: by its snippets, and under the strictest CSP. */

import assert from "node:assert/strict";
import { afterEach, before, beforeEach, describe, test } from "node:test";
import { siteInChromium } from "../support/visit.js";

const CHECK_TIMEOUT_MS = 90_000;

describe("sound-alike element on pages of others", () => {
  const shared = siteInChromium();
  /** @type {import("playwright-core").Page} */
  let page;
  /** @type {string} */
  let unrelated;

  before(async () => {
    unrelated = shared.audio.tune("unrelated.wav", 7, 12);
  });

  beforeEach(async () => {
    page = await shared.browser.newPage();
    await page.goto(`${shared.url}embed.html`);
  });

  afterEach(() => page.close());

  test("each snippet is copied by its button, and does on an empty page what it says", async () => {
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    const snippets = [];
    for (const button of await page.locator(".snippet .copy").all()) {
      await button.click();
      await button.getByText("Copied").waitFor();
      snippets.push(await page.evaluate(() => navigator.clipboard.readText()));
    }
    const html = snippets.filter((snippet) => snippet.includes("<sound-alike"));
    assert.equal(html.length, 2);
    await page.route("**/songs/harbour-lights.mp3", async (route) =>
      route.fulfill({ response: await route.fetch({ url: `${shared.url}example/harbour-lights.mp3` }) }),
    );
    for (const snippet of html) {
      await page.route("**/empty.html", (route) =>
        route.fulfill({ contentType: "text/html", body: `<!doctype html><title>empty</title>${snippet}` }),
      );
      const told = /** @type {string[]} */ ([]);
      page.on("console", (message) => told.push(message.text()));
      await page.goto(`${shared.url}empty.html`);
      const inputs = page.locator("sound-alike input:visible");
      for (const input of await inputs.all()) await input.setInputFiles(unrelated);
      await page.locator("sound-alike[data-verdict]").waitFor({ timeout: CHECK_TIMEOUT_MS });
      if (snippet.includes("console.log")) assert.match(told.join("\n"), /^different 0/m);
    }
  });

  test("where a page may not copy, the button selects the snippet", async () => {
    await page.evaluate(() =>
      Object.assign(navigator.clipboard, {
        writeText: () => Promise.reject(new DOMException("denied", "NotAllowedError")),
      }),
    );
    await page.locator(".snippet .copy").first().click();
    await page.locator(".snippet .copy").first().getByText("Selected").waitFor();
    assert.match(
      await page.evaluate(() => String(getSelection())),
      /^<script type="module" src="\/pkg\/element\.js"><\/script>\s+<sound-alike>/,
    );
  });

  for (const [where, foreign] of /** @type {const} */ ([
    ["from the page's own host", false],
    ["from another host", true],
  ])) {
    test(
      `inside a page with the strictest policy that the documents allow, ${where}`,
      { skip: foreign && Boolean(process.env["SOUNDALIKE_URL"]) },
      async () => {
        const host = foreign ? shared.url.replace("localhost", "127.0.0.1") : shared.url;
        const own = foreign ? new URL(host).origin : "'self'";
        const policy = [
          "default-src 'none'",
          `script-src ${own} 'wasm-unsafe-eval'`,
          `worker-src ${foreign ? `blob: ${own}` : "'self'"}`,
          `connect-src ${own}`,
          "media-src blob:",
          "require-trusted-types-for 'script'",
          "trusted-types soundalike",
        ].join("; ");
        if (foreign) await page.context().grantPermissions(["local-network-access"]);
        await page.route("**/strict.html", (route) =>
          route.fulfill({
            headers: { "content-type": "text/html", "content-security-policy": policy },
            body:
              `<!doctype html><title>strict</title><script type="module" src="${host}pkg/element.js"></script>` +
              `<sound-alike reference="${host}example/harbour-lights.mp3"></sound-alike>`,
          }),
        );
        await page.addInitScript(() => {
          const violations = /** @type {string[]} */ ([]);
          Object.assign(globalThis, { violations });
          addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sample }) =>
            violations.push(`${violatedDirective} ${blockedURI} ${sample}`),
          );
        });
        await page.goto(`${shared.url}strict.html`);
        await page.locator("sound-alike input").first().setInputFiles(unrelated);
        await page.locator("sound-alike[data-verdict]").waitFor({ timeout: CHECK_TIMEOUT_MS });
        const colour = await page
          .locator("sound-alike label")
          .first()
          .evaluate((label) => getComputedStyle(label).cursor);
        assert.equal(colour, "pointer", "the element's style is applied");
        // Only the worker is first tried with its plain address, and then with the policy.
        const violations = /** @type {string[]} */ (await page.evaluate("violations"));
        assert.deepEqual(
          violations.filter((violation) => !violation.includes("trusted-types-sink")),
          [],
        );
      },
    );
  }
});
