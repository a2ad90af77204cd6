/** Blank page: the package in an empty page of the site, with two songs, for tests of its API. */

import assert from "node:assert/strict";
import { afterEach, before, beforeEach } from "node:test";
import { openBlankPage } from "./harness.js";
import { tune } from "./inputs/music.js";
import { siteInChromium } from "./visit.js";

/** Duration of the songs `a` and `b`. */
export const SONG_SECS = 8;
/** A call that takes longer counts as hanging. */
const PATIENCE_MS = 90_000;

/** @typedef {import("playwright-core").Page} Page */

/**
 * The site in Chromium, and for each test a blank page with the package. Must be called within a
 * `describe`.
 * @param {string[]} [flags]
 */
export function packageInBlankPage(flags) {
  const shared = siteInChromium(flags);
  const songs = /** @type {Record<string, Buffer>} */ ({});
  const blank = {
    shared,
    page: /** @type {Page} */ (/** @type {unknown} */ (undefined)),
    /**
     * Runs code in the page, which can use `soundalike`, `outcome`, `checked` and the songs `a` and
     * `b`.
     * @param {string} code
     */
    run: (code) => /** @type {Promise<any>} */ (blank.page.evaluate(`(async () => { ${code} })()`)),
    /** A file of the site. @param {string} path */
    fileOfSite: async (path) => (await blank.page.request.get(shared.url + path)).body(),
    /** Replaces the page, so that its memory is lost. */
    renew: async () => {
      await blank.page.close();
      await open();
    },
  };
  const open = async () => {
    blank.page = await openBlankPage(shared.browser, shared.url);
    for (const [name, body] of Object.entries(songs)) {
      await blank.page.route(`**/${name}.f32`, (route) =>
        route.fulfill({ contentType: "application/octet-stream", body }),
      );
    }
    await blank.page.evaluate(loadPackage, PATIENCE_MS);
  };
  before(() => {
    for (const [name, seed] of /** @type {const} */ ([
      ["a", 1],
      ["b", 7],
    ]))
      songs[name] = Buffer.from(tune(seed, SONG_SECS).buffer);
  });
  beforeEach(open);
  afterEach(() => blank.page?.close());
  return blank;
}

/** Runs in the page. @param {number} patienceMs */
async function loadPackage(patienceMs) {
  const soundalike = await import(String("/pkg/index.js"));
  /**
   * Outcome of a call: the value, or the code, song and message of the error, or `hang` if it never
   * ends.
   * @param {() => Promise<any>} attempt
   */
  const outcome = async (attempt) => {
    try {
      const hang = new Promise((_, reject) => setTimeout(() => reject({ code: "hang" }), patienceMs));
      return { value: await Promise.race([attempt(), hang]) };
    } catch (error) {
      const { code, side, message } = /** @type {any} */ (error);
      return { code, side, message, isCheckerError: error instanceof soundalike.CheckerError };
    }
  };
  const [a, b] = await Promise.all(
    ["/a.f32", "/b.f32"].map(async (url) => new Float32Array(await (await fetch(url)).arrayBuffer())),
  );
  /** A whole check: creates a checker and compares both songs. @param {object} options */
  const checked = (options) =>
    outcome(async () => {
      const checker = await soundalike.createChecker(options);
      const { verdict, backend } = await checker.compare(a, b);
      checker.close();
      return { verdict, backend };
    });
  Object.assign(globalThis, { soundalike, outcome, checked, a, b });
}

/** Result of `checked` without a fault. */
export const GOOD = { value: { verdict: "different", backend: "cpu" } };

/**
 * Asserts the code and the message of an error.
 * @param {{ code?: string, message?: string, isCheckerError?: boolean, value?: unknown }} outcome
 * @param {string} code @param {RegExp} words
 */
export function assertError(outcome, code, words) {
  assert.equal(outcome.code, code, JSON.stringify(outcome));
  assert.equal(outcome.isCheckerError, true);
  assert.match(outcome.message ?? "", words);
}
