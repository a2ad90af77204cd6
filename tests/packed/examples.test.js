/**
 * The pages of `examples/web` beside the packed package, in a real Chromium with real audio files.
 */

import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { launchChromium, serveSite } from "../browser/support/harness.js";
import { tune, wav } from "../browser/support/inputs/music.js";
import { installPackage } from "./support/installed.js";

const CHECK_TIMEOUT_MS = 90_000;
const EXAMPLES = fileURLToPath(new URL("../../examples/web", import.meta.url));

describe("examples on the web", () => {
  const root = mkdtempSync(join(tmpdir(), "soundalike-examples-"));
  const folder = join(root, "site");
  const album = join(root, "album");
  const songs = { mine: join(root, "mine.wav"), other: join(album, "other.wav") };
  /** @type {import("playwright-core").Browser} */
  let browser;
  /** @type {import("playwright-core").Page} */
  let page;
  /** @type {Awaited<ReturnType<typeof serveSite>>} */
  let site;
  /** Errors of the page. @type {string[]} */
  let faults;

  before(async () => {
    installPackage(folder);
    for (const name of readdirSync(EXAMPLES).filter((file) => /\.(html|js)$/.test(file)))
      cpSync(join(EXAMPLES, name), join(folder, name));
    // The server needs an `index.html`.
    writeFileSync(join(folder, "index.html"), "");
    mkdirSync(album);
    const mine = tune(1, 12);
    writeFileSync(songs.mine, wav(mine));
    writeFileSync(songs.other, wav(tune(7, 12)));
    // The last 8 s of the song.
    writeFileSync(join(album, "copy.wav"), wav(mine.subarray(-8 * 44_100)));
    writeFileSync(join(album, "damaged.wav"), "no music");
    writeFileSync(join(album, "notes.txt"), "not asked for");
    site = await serveSite(folder);
    browser = await launchChromium();
  });

  after(async () => {
    await browser?.close();
    site?.close();
    rmSync(root, { recursive: true, force: true });
  });

  beforeEach(async () => {
    page = await browser.newPage();
    page.setDefaultTimeout(CHECK_TIMEOUT_MS);
    faults = [];
    page.on("pageerror", (error) => faults.push(String(error)));
    page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
    // Browsers ask for it where a page names no icon.
    await page.route("**/favicon.ico", (route) => route.fulfill({ status: 204 }));
  });

  afterEach(async () => {
    assert.deepEqual(faults, []);
    await page.close();
  });

  test("the element compares two files, in five lines", async () => {
    assert.equal(readFileSync(join(EXAMPLES, "element.html"), "utf8").trim().split("\n").length, 5);
    await page.goto(`${site.url}element.html`);
    const inputs = page.locator("sound-alike input[type=file]");
    await inputs.nth(0).setInputFiles(songs.mine);
    await inputs.nth(1).setInputFiles(join(album, "copy.wav"));
    const element = page.locator("sound-alike[data-verdict]");
    await element.waitFor();
    assert.equal(await element.getAttribute("data-verdict"), "nearly-identical");
  });

  test("code compares two files, and says in words why it can't", async () => {
    await page.goto(`${site.url}two-songs.html`);
    const input = page.locator("#songs");
    const answer = page.locator("#answer");
    await input.setInputFiles([songs.mine, songs.other]);
    await answer.filter({ hasText: /^different, score 0(\.\d+)?, 0 passages$/ }).waitFor();
    await input.setInputFiles([songs.mine, songs.mine]);
    await answer.filter({ hasText: /^nearly-identical, score 1, 1 passages$/ }).waitFor();
    await input.setInputFiles([songs.mine, join(album, "damaged.wav")]);
    await answer.filter({ hasText: "damaged.wav" }).waitFor();
  });

  test("a folder is ranked against one song, closest first, unfit files last", async () => {
    await page.goto(`${site.url}one-against-many.html`);
    await page.locator("#folder").setInputFiles(album);
    await page.locator("#song").setInputFiles(songs.mine);
    const [copy, other, ...more] = await ranking("Compared mine.wav with 3 songs");
    assert.deepEqual(copy?.slice(1), ["copy.wav", "4.0 to 12.0 s plays at 0.0 to 8.0 s"]);
    assert.ok(Number(copy?.[0]) >= 0.9, copy?.[0]);
    assert.deepEqual(other?.slice(1), ["other.wav", "none"]);
    assert.ok(Number(other?.[0]) < 0.5, other?.[0]);
    assert.deepEqual(more, []);
  });

  test("another song replaces the one that is being compared", async () => {
    await page.goto(`${site.url}one-against-many.html`);
    await page.evaluate(() => {
      const statuses = /** @type {string[]} */ ([]);
      const status = /** @type {HTMLElement} */ (document.querySelector("#status"));
      new MutationObserver(() => statuses.push(status.textContent ?? "")).observe(status, { childList: true });
      Object.assign(globalThis, { statuses });
    });
    await page.locator("#folder").setInputFiles(album);
    await page.locator("#song").setInputFiles(songs.mine);
    await page.locator("#song").setInputFiles(songs.other);
    const [first] = await ranking("Compared other.wav with 3 songs");
    assert.deepEqual(first, ["1.00", "other.wav", "0.0 to 12.0 s plays at 0.0 to 12.0 s"]);
    const statuses = /** @type {string[]} */ (await page.evaluate("statuses"));
    assert.ok(statuses.includes("Analysing mine.wav"));
    assert.ok(!statuses.includes("Compared mine.wav with 3 songs"), "the first run went on");
  });

  /**
   * The rows of the table without the damaged file's, which must be the last.
   * @param {string} status that the page has when all rows are there
   */
  async function ranking(status) {
    await page.locator("#status").filter({ hasText: status }).waitFor();
    const rows = await page
      .locator("#ranking tr")
      .evaluateAll((found) => found.map((row) => [...row.children].map((cell) => cell.textContent ?? "")));
    const [score, name, details] = rows.pop() ?? [];
    assert.deepEqual([score, name], ["", "damaged.wav"]);
    assert.match(details ?? "", /damaged\.wav.*not a sound file/);
    return rows;
  }
});
