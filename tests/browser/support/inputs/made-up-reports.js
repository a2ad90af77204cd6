/** Made-up reports, which the page shows for real songs. */

import { afterEach, before, beforeEach } from "node:test";
import { siteInChromium } from "../visit.js";

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

export const STRONG = { score: 0.85, verdict: "strong" };
export const MODERATE = { score: 0.6, verdict: "moderate" };

/**
 * A passage, by default at the same pitch and speed and alone.
 * @param {Record<string, number | boolean>} [fields]
 */
export function passage(fields = {}) {
  return {
    leftStartSecs: 1,
    leftEndSecs: 5,
    rightStartSecs: 6,
    rightEndSecs: 10,
    score: 0.9,
    speedRatio: 1,
    pitchShiftSemitones: 0,
    share: 1,
    leftShare: 1,
    ...fields,
  };
}

/**
 * A passage of the same composition, by default three semitones lower and 8 % slower.
 * @param {Record<string, number | string>} [fields]
 */
export function composedPassage(fields = {}) {
  return {
    leftStartSecs: 3.1,
    leftEndSecs: 7.2,
    rightStartSecs: 2,
    rightEndSecs: 6.5,
    score: 0.91,
    speedRatio: 0.92,
    transpositionSemitones: -3,
    evidence: "both",
    ...fields,
  };
}

/**
 * An answer about the composition.
 * @param {string} verdict @param {number} score
 * @param {ReturnType<typeof composedPassage>[]} passages
 */
export function composition(verdict, score, passages) {
  return { verdict, score, passages, comparable: true };
}

/**
 * Uses of one stretch, one after the other. Its ends are found a little differently each time.
 * @param {number} count
 * @param {"left" | "right"} side the song in which it repeats
 * @param {Record<string, number>} [fields]
 */
export function loop(count, side, fields = {}) {
  const other = side === "left" ? "right" : "left";
  return Array.from({ length: count }, (_, index) =>
    passage({
      [`${other}StartSecs`]: 2 + 0.02 * (index % 3),
      [`${other}EndSecs`]: 3.4 + 0.02 * (index % 2),
      [`${side}StartSecs`]: 0.2 + 1.4 * index,
      [`${side}EndSecs`]: 1.6 + 1.4 * index,
      ...fields,
    }),
  );
}

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
