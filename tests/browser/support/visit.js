/**
 * Visit: the site, a browser, and a page for each test of a `describe`, within which these
 * functions must be called.
 */

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach } from "node:test";
import { audioFolder, launchChromium, serveSite } from "./harness.js";

const CHECK_TIMEOUT_MS = 90_000;

/** @typedef {import("playwright-core").Browser} Browser */
/** @typedef {import("playwright-core").Page} Page */

/**
 * The site, Chromium and a folder for audio files, from before the first test until after the last.
 * @param {string[]} [flags]
 */
export function siteInChromium(flags) {
  const audio = audioFolder();
  /** @type {Awaited<ReturnType<typeof serveSite>> | undefined} */
  let site;
  const shared = { audio, url: "", browser: /** @type {Browser} */ (/** @type {unknown} */ (undefined)) };
  before(async () => {
    site = await serveSite();
    shared.url = site.url;
    shared.browser = await launchChromium(flags);
  });
  after(async () => {
    await shared.browser?.close();
    site?.close();
    audio.remove();
  });
  return shared;
}

/**
 * The same with three songs, and for each test a visit of the page, which may request only files of
 * the site.
 */
export function visits() {
  const shared = siteInChromium();
  /** @type {string[]} */
  let requests;
  const visit = {
    shared,
    audio: shared.audio,
    /**
     * `copy` is `original` two semitones higher, in another format. Tests add songs of their own.
     */
    songs: /** @type {Record<string, string>} */ ({}),
    page: /** @type {Page} */ (/** @type {unknown} */ (undefined)),
    /** @param {"left" | "right"} side @param {string | string[]} file */
    give: (side, file) =>
      visit.page
        .locator("input[type=file]")
        .nth(side === "left" ? 0 : 1)
        .setInputFiles(file),
    /** Waits for the report. */
    report: () => reportOn(visit.page),
  };
  before(() => {
    Object.assign(visit.songs, threeSongs(visit.audio));
  });
  beforeEach(async () => {
    visit.page = await shared.browser.newPage();
    requests = [];
    visit.page.on("request", (request) => requests.push(request.url()));
    await visit.page.addInitScript(observePolicyViolations);
    // Otherwise the number of workers would depend on the device.
    await visit.page.addInitScript(() => Object.defineProperty(navigator, "hardwareConcurrency", { value: 2 }));
    await visit.page.goto(`${shared.url}?backend=cpu`);
  });
  afterEach(async () => {
    await assertPolicyKept(visit.page);
    assertWithin(shared.url, requests);
    await visit.page.close();
  });
  return visit;
}

/** @param {ReturnType<typeof audioFolder>} audio */
function threeSongs(audio) {
  const original = audio.tune("original.wav", 1, 20);
  return {
    original,
    copy: audio.transposed("copy.mp3", original, 2),
    unrelated: audio.tune("unrelated.wav", 7, 18),
  };
}

/** @param {Page} page */
async function reportOn(page) {
  const standing = page.locator("[data-verdict]");
  await standing.waitFor({ timeout: CHECK_TIMEOUT_MS });
  return {
    verdict: await standing.getAttribute("data-verdict"),
    score: Number(await standing.getAttribute("data-score")),
  };
}

/** @param {Page} page */
async function assertPolicyKept(page) {
  const violations = await page.evaluate("policyViolations");
  assert.deepEqual(violations, [], "the page's own Content-Security-Policy was violated");
}

/** @param {string} siteUrl @param {string[]} requests of a page */
function assertWithin(siteUrl, requests) {
  const isOurs = (/** @type {string} */ address) =>
    [siteUrl, `blob:${siteUrl}`, "data:"].some((start) => address.startsWith(start));
  assert.deepEqual(
    requests.filter((address) => !isOurs(address)),
    [],
    "requests left the site",
  );
}

/** Counts the files that a page decodes since it was loaded. @param {Page} page */
export function countDecoded(page) {
  return page.addInitScript(() => {
    Object.assign(globalThis, { decoded: 0 });
    const original = BaseAudioContext.prototype.decodeAudioData;
    BaseAudioContext.prototype.decodeAudioData = function (...rest) {
      /** @type {any} */ (globalThis).decoded++;
      return original.apply(this, rest);
    };
  });
}

function observePolicyViolations() {
  const violations = /** @type {string[]} */ ([]);
  Object.assign(globalThis, { policyViolations: violations });
  addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
    violations.push(`${violatedDirective} ${blockedURI}`),
  );
}
