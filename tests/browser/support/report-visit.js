/** Report visit: the page with made-up reports, which it shows for real songs. */

import { afterEach, before, beforeEach } from "node:test";
import { siteInChromium } from "./visit.js";

export const CHECK_TIMEOUT_MS = 90_000;

/** The page's own checker; the test changes its reports before the page has them. */
const CHECKER = `
  import { SongCache, createChecker } from "../pkg/index.js";
  export const cache = new SongCache();
  const real = createChecker({ backend: "cpu", cache });
  export const backendChoice = () => "cpu";
  export const checker = async () => ({
    backend: "cpu",
    concurrency: 2,
    analyse: async (...given) => (await real).analyse(...given),
    compare: async (...given) => {
      const report = await (await real).compare(...given);
      return globalThis.changed?.(report) ?? report;
    },
  });
`;

/**
 * The site in Chromium, two songs, and for each test a page whose reports can be made up. Must be
 * called within a `describe`.
 */
export function madeUpReports() {
  const shared = siteInChromium();
  const songs = { mine: shared.audio.tune("mine.wav", 1, 12), other: shared.audio.tune("other.wav", 7, 12) };
  /**
   * One for all tests, so that each song is analysed once.
   * @type {import("playwright-core").BrowserContext}
   */
  let context;
  const visit = {
    shared,
    songs,
    page: /** @type {import("playwright-core").Page} */ (/** @type {unknown} */ (undefined)),
    /** The page that is opened next gets the checker above. @returns {Promise<unknown>} */
    useMadeUpChecker: () =>
      visit.page.route("**/checker.js", (route) => route.fulfill({ contentType: "text/javascript", body: CHECKER })),
    /**
     * Opens the page, gives it two songs and shows their report with these fields changed.
     * @param {Record<string, any>} fields @param {string} [left] @param {string} [right]
     * @returns {Promise<void>}
     */
    show: async (fields, left = songs.mine, right = songs.other) => {
      await visit.page.addInitScript((given) => {
        Object.assign(globalThis, {
          changed: (/** @type {any} */ report) => ({
            ...report,
            ...given,
            left: { ...report.left, ...given.left },
            right: { ...report.right, ...given.right },
          }),
        });
      }, fields);
      await visit.page.goto(shared.url);
      const inputs = visit.page.locator("input[type=file]");
      await inputs.nth(0).setInputFiles(left);
      await inputs.nth(1).setInputFiles(right);
      await visit.page.locator("[data-verdict]").waitFor({ timeout: CHECK_TIMEOUT_MS });
    },
  };

  before(async () => {
    context = await shared.browser.newContext({ serviceWorkers: "block" });
    context.setDefaultTimeout(CHECK_TIMEOUT_MS);
  });

  beforeEach(async () => {
    visit.page = await context.newPage();
    await visit.useMadeUpChecker();
    await visit.page.emulateMedia({ reducedMotion: "reduce" });
  });

  afterEach(() => visit.page.close());
  return visit;
}
