/** One song against many, on the page. */

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { afterEach, before, beforeEach, describe, test } from "node:test";
import { pitchShift } from "./harness.js";
import { countDecoded, siteInChromium } from "./visit.js";

const RUN_TIMEOUT_MS = 180_000;
const MP3 = ["-c:a", "libmp3lame", "-b:a", "96k"];

describe("library", () => {
  const shared = siteInChromium();
  const { audio } = shared;
  /** @type {import("playwright-core").Page} */
  let page;
  /** @type {string} */
  let mine;
  /** @type {string} A folder with a folder in it: 20 songs, two files that can't be checked, and a picture. */
  let folder;
  /** @type {string[]} */
  const files = [];

  before(async () => {
    mine = audio.tune("mine.wav", 3, 12);
    folder = join(dirname(mine), "albums");
    mkdirSync(join(folder, "second"), { recursive: true });
    /** @param {string} path @param {string} [place] */
    const add = (path, place = "") => {
      files.push(join(folder, place, basename(path)));
      renameSync(path, /** @type {string} */ (files.at(-1)));
    };
    for (let seed = 1; seed <= 17; seed++) add(audio.tune(`other-${seed}.wav`, 100 + seed, 5));
    add(audio.encoded("higher.mp3", mine, ["-af", pitchShift(1), ...MP3]), "second");
    add(audio.file("again.wav", readFileSync(mine)), "second");
    add(audio.file("once-more.wav", readFileSync(mine)), "second");
    add(audio.file("broken.mp3", "no song ".repeat(500)), "second");
    add(audio.tune("short.wav", 4, 1));
    add(audio.file("cover.jpg", "no picture either"));
  });

  beforeEach(async () => {
    page = await shared.browser.newPage();
    await countDecoded(page);
    await page.goto(`${shared.url}?backend=cpu`);
  });

  afterEach(() => page.close());

  /** @param {string} words a pattern */
  const summary = (words) => page.locator("#library-words").filter({ hasText: new RegExp(words) }).waitFor({ timeout: RUN_TIMEOUT_MS });

  /** The table's lines, each as its cells. @returns {Promise<string[][]>} */
  const table = () =>
    page.locator("#library-rows tr").evaluateAll((lines) => lines.map((line) => [.../** @type {HTMLTableRowElement} */ (line).cells].map((cell) => cell.innerText)));

  const lefts = () => page.locator("input[type=file]").nth(0);
  const folders = () => page.locator("input[webkitdirectory]");

  test("a folder of 20 songs is ranked, what can't be checked is named, and a second time is quick", async () => {
    await lefts().setInputFiles(mine);
    await folders().setInputFiles(folder);
    // Watched in the page: from here the look could come after the end.
    const oneByOne = () =>
      document.querySelectorAll("#library-rows tr.done").length > 0 &&
      document.querySelectorAll("#library-rows tr.waiting").length > 5;
    await page.waitForFunction(oneByOne, undefined, { polling: 10, timeout: RUN_TIMEOUT_MS });
    await summary("^All 22 checked · \\d match(es)? · 2 can’t be checked");
    assert.match(await page.locator("#library-left-out").innerText(), /1 other file left out/);
    assert.equal(await page.locator("[data-verdict]").count(), 0, "no report is open");

    const lines = await table();
    assert.deepEqual(lines.map(([rank]) => rank), [...Array.from({ length: 20 }, (_, index) => String(index + 1)), "", ""]);
    const scores = lines.slice(0, 20).map(([, , score]) => Number(score));
    assert.deepEqual(scores, [...scores].sort((a, b) => b - a), "not ranked by score");
    const names = lines.map(([, name]) => String(name).split("\n")[0]);
    assert.deepEqual(names.slice(0, 3).sort(), ["again.wav", "higher.mp3", "once-more.wav"]);
    assert.deepEqual(names.slice(20).sort(), ["broken.mp3", "short.wav"]);
    assert.match(String(lines.find(([, name]) => name?.startsWith("again.wav"))?.[1]), /albums\/second/, "the folder is told");
    assert.match(String(lines.find(([, name]) => name?.startsWith("again.wav"))?.[4]), /very same file as your song/);
    assert.match(String(lines.find(([, name]) => name?.startsWith("broken.mp3"))?.[4]), /not a sound file/);
    assert.match(String(lines.find(([, name]) => name?.startsWith("short.wav"))?.[4]), /1\.0 seconds/);
    // One of the three files that are the same is decoded for all: the left one.
    assert.equal(await page.evaluate("decoded"), 1 + 18 + 2);
    await page.locator("#kept-words").getByText(/19 analysed songs/).waitFor();

    await page.reload();
    await lefts().setInputFiles(mine);
    await folders().setInputFiles(folder);
    await summary("^All 22 checked");
    assert.deepEqual(await table(), lines);
    assert.equal(await page.evaluate("decoded"), 2, "only what can't be checked is decoded again");
  });

  test("nothing but the order of the lines moves while the table fills, and no line moves under a pointer that does", async () => {
    await lefts().setInputFiles(mine);
    // Higher ranks come late, so that lines change places.
    const late = [...files.slice(0, 6), ...files.filter((path) => /higher|again|broken/.test(path))];
    await page.evaluate(() => {
      const seen = { geometries: /** @type {string[]} */ ([]), shifted: /** @type {string[]} */ ([]), moves: 0 };
      Object.assign(globalThis, { seen });
      /** Where everything stands, the songs' order apart. */
      const geometry = () => {
        const boxes = [...document.querySelectorAll("#library, #library > *, #library th[scope=col], #library tr, #library td, #library button")];
        // What moves by a transform is on its way to a place that counts already.
        document.getAnimations().forEach((animation) => animation.finish());
        const places = boxes.filter((box) => /** @type {HTMLElement} */ (box).offsetParent && box.id !== "library-cancel" && !box.matches(".link")).map((box) => {
          const { x, y, width, height } = box.getBoundingClientRect();
          return [x, y, width, height].map((value) => value.toFixed(1)).join(" ");
        });
        return places.join("\n");
      };
      const look = () => {
        if (document.querySelector("#library.running tr.done")) {
          const now = geometry();
          if (seen.geometries.at(-1) !== now) seen.geometries.push(now);
        }
        requestAnimationFrame(look);
      };
      new PerformanceObserver((list) => {
        for (const entry of /** @type {any[]} */ (list.getEntries())) {
          for (const { node } of entry.hadRecentInput || !document.querySelector("#library.running tr.done") ? [] : entry.sources) {
            const element = node instanceof Element ? node : node?.parentElement;
            if (element?.closest("#library-rows")) seen.moves++;
            else seen.shifted.push(element?.outerHTML.slice(0, 80) ?? "gone");
          }
        }
      }).observe({ type: "layout-shift" });
      look();
    });
    await page.locator("input[type=file]").nth(1).setInputFiles(late);
    await summary("^All 9 checked");
    const seen = /** @type {{ geometries: string[], shifted: string[], moves: number }} */ (await page.evaluate("seen"));
    assert.equal(seen.geometries.length, 1, `the table changed its shape:\n${seen.geometries.slice(0, 2).join("\n\n")}`);
    assert.deepEqual(seen.shifted, []);
    const ranked = await table();
    assert.deepEqual(ranked.slice(0, 2).map(([, name]) => name).sort(), ["again.wav", "higher.mp3"]);

    // The same once more, with the pointer where the second line will be: there it lies still, or moves on for longer than it must rest.
    const line = /** @type {{ x: number, y: number }} */ (await page.locator("#library-rows tr").nth(1).boundingBox());
    const names = async () => (await table()).map(([, name]) => name);
    for (const movesOnMs of [0, 2000]) {
      await page.click("#library-restart");
      await page.mouse.move(line.x + 20, line.y + 20);
      await page.evaluate((moveMs) => {
        const library = /** @type {Element} */ (document.querySelector("#library"));
        const rows = /** @type {Element} */ (document.querySelector("#library-rows"));
        const order = { early: 0, late: 0, isFixed: true };
        Object.assign(globalThis, { order });
        // Moved from outside it could rest for too long in between.
        const moving = setInterval(() => moveMs > 0 && rows.dispatchEvent(new PointerEvent("pointermove")), 50);
        const ended = new MutationObserver(() => {
          if (library.classList.contains("running") || document.querySelector("#library-rows tr:is(.waiting, .working)")) return;
          ended.disconnect();
          setTimeout(() => (clearInterval(moving), (order.isFixed = false)), moveMs);
        });
        ended.observe(library, { attributeFilter: ["class"] });
        new MutationObserver((changes) => {
          // Lines come all at once; one that moves is taken out and put in.
          if (changes.some(({ removedNodes, addedNodes }) => removedNodes.length + addedNodes.length === 1)) order[order.isFixed ? "early" : "late"]++;
        }).observe(rows, { childList: true });
      }, movesOnMs);
      await page.locator("input[type=file]").nth(1).setInputFiles(late);
      await lefts().setInputFiles(mine);
      await page.locator("#library-rows:hover tr.done").first().waitFor();
      await summary("^All 9 checked");
      await page.waitForFunction(() => /** @type {any} */ (globalThis).order.late > 0);
      assert.equal(await page.evaluate("order.early"), 0, "a line moved under the pointer");
      assert.deepEqual(await names(), ranked.map(([, name]) => name));
      assert.equal(await page.locator("#library-rows:hover").count(), 1);
    }
  });

  test("a line opens its report, and the way back leads to the table", async () => {
    await page.locator("input[type=file]").nth(1).setInputFiles(files.filter((path) => /higher|other-[12]\./.test(path)));
    await page.locator("#idle-words").getByText("Now choose your song").waitFor();
    await lefts().setInputFiles(mine);
    await summary("^All 3 checked");
    const button = page.getByRole("button", { name: "higher.mp3" });
    await button.click();
    const report = page.locator("[data-verdict]");
    await report.waitFor({ timeout: RUN_TIMEOUT_MS });
    assert.ok(Number(await report.getAttribute("data-score")) >= 0.5);
    assert.match(await page.locator("#verdict-words").innerText(), /mine\.wav[^]*higher\.mp3/);
    assert.ok(await page.locator("#library").isHidden());
    await page.click("#back");
    assert.equal(await page.locator("[data-verdict]").count(), 0);
    assert.ok(await page.locator("#library").isVisible());
    assert.ok(await button.evaluate((element) => element === document.activeElement), "the keyboard is where it was");
  });

  test("the browser’s Back leads from a report to the table, where the run goes on, and Forward to the report; neither breaks anything else", async () => {
    await lefts().setInputFiles(mine);
    await page.locator("input[type=file]").nth(1).setInputFiles([...files.filter((path) => /higher/.test(path)), ...files.slice(0, 17)]);
    const report = page.locator("[data-verdict]");
    const isTable = async () => {
      await page.locator("#library").waitFor();
      assert.equal(await report.count(), 0);
      assert.match(page.url(), /backend=cpu$/);
    };
    await page.locator("#library.running tr.done button").first().click();
    await report.waitFor({ timeout: RUN_TIMEOUT_MS });
    await page.goBack();
    await isTable();
    await summary("^All 18 checked");
    await page.goForward();
    await report.waitFor({ timeout: RUN_TIMEOUT_MS });
    assert.match(await page.locator("#verdict-words").innerText(), /higher\.mp3/);
    // A link within the page makes an entry that is no way out of the report.
    await page.click(".private a");
    await page.waitForURL(/#promise$/);
    assert.equal(await report.count(), 1);
    await page.goBack();
    await page.waitForTimeout(100);
    assert.equal(await report.count(), 1);
    await page.goBack();
    await isTable();
    // The page's own way back leaves no entry behind that would have to be gone back over.
    const entries = await page.evaluate(() => history.length);
    for (let times = 0; times < 2; times++) {
      await page.getByRole("button", { name: "higher.mp3" }).click();
      await page.click("#back");
      await isTable();
      await page.waitForFunction(() => history.state === null);
    }
    assert.ok((await page.evaluate(() => history.length)) <= entries);
    // With other songs there is no such report to go forward to, nor after a reload.
    await page.getByRole("button", { name: "higher.mp3" }).click();
    await report.waitFor({ timeout: RUN_TIMEOUT_MS });
    await page.click("#restart");
    await page.waitForFunction(() => history.state === null);
    await page.goForward();
    await page.waitForTimeout(100);
    assert.deepEqual([await report.count(), await page.locator("#idle-words").innerText()], [0, "No songs at hand?"]);
    await page.reload();
    await lefts().setInputFiles(mine);
    await page.goBack();
    await page.waitForTimeout(100);
    assert.match(await page.locator(".zone.left").innerText(), /mine\.wav/);
  });

  test("with a report opened, the Escape key ends the playing, then leads back to the table, and never ends the run behind", async () => {
    await lefts().setInputFiles(mine);
    await page.locator("input[type=file]").nth(1).setInputFiles([...files.filter((path) => /higher/.test(path)), ...files.slice(0, 17)]);
    // Opened in the page: from here the run could be over.
    const openFirst = () => /** @type {HTMLElement | null} */ (document.querySelector("#library.running tr.done button"))?.click() ?? document.querySelector("#back:not([hidden])");
    await page.waitForFunction(openFirst, undefined, { polling: 10, timeout: RUN_TIMEOUT_MS });
    await page.locator("[data-verdict]").waitFor({ timeout: RUN_TIMEOUT_MS });
    const play = page.locator("#passages button").first();
    await play.click();
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("#passages button.playing").count(), 0);
    assert.equal(await page.locator("[data-verdict]").count(), 1, "the report is gone");
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("[data-verdict]").count(), 0);
    await summary("^All 18 checked");
  });

  test("while a run goes on, the page tells how many songs are kept by now", async () => {
    await page.evaluate(() => {
      const told = /** @type {string[]} */ ([]);
      Object.assign(globalThis, { told });
      const words = /** @type {Element} */ (document.querySelector("#kept-words"));
      new MutationObserver(() => document.querySelector("#library.running") && told.push(words.textContent ?? "")).observe(words, { childList: true });
      // However quick the machine, the run lasts for some seconds.
      const original = BaseAudioContext.prototype.decodeAudioData;
      BaseAudioContext.prototype.decodeAudioData = async function (...rest) {
        await new Promise((resolve) => setTimeout(resolve, 250));
        return original.apply(this, rest);
      };
    });
    await lefts().setInputFiles(mine);
    await page.locator("input[type=file]").nth(1).setInputFiles(files.slice(0, 17));
    await summary("^All 17 checked");
    const told = /** @type {string[]} */ (await page.evaluate("told"));
    assert.match(String(told[0]), /Kept on this device: \d+ analysed songs/);
    const secs = await page.evaluate(() => performance.now() / 1000);
    assert.ok(told.length <= secs / 2, `told ${told.length} times in ${secs} s`);
  });

  test("a run that is cancelled keeps its results and goes on when asked", async () => {
    await lefts().setInputFiles(mine);
    await page.locator("input[type=file]").nth(1).setInputFiles(files.slice(0, 17));
    // Clicked in the page: from here the click could come after the end.
    const cancelSoon = () => {
      if (document.querySelectorAll("#library-rows tr.done").length < 2) return false;
      /** @type {HTMLElement} */ (document.querySelector("#library-cancel")).click();
      return true;
    };
    await page.waitForFunction(cancelSoon, undefined, { polling: 10, timeout: RUN_TIMEOUT_MS });
    const done = await page.locator("#library-rows tr.done").count();
    assert.ok(done < 17, "cancelled too late to tell");
    await page.waitForTimeout(1000);
    assert.ok((await page.locator("#library-rows tr.done").count()) <= done + 1, "the run went on");
    assert.equal(await page.locator("#library-rows tr.working").count(), 0);
    await page.click("#library-continue");
    await summary("^All 17 checked");
    // Your song, each of the 17, and once more the two that were at work.
    assert.ok(Number(await page.evaluate("decoded")) <= 1 + 17 + 2, "what was done was done again");
  });

  test("the keyboard goes from a button that vanishes to what comes in its place", async () => {
    const focused = () => page.evaluate(() => document.activeElement?.id);
    await lefts().setInputFiles(mine);
    await page.locator("input[type=file]").nth(1).setInputFiles(files.slice(0, 17));
    await page.locator("#library-cancel").press("Enter");
    await page.locator("#library-continue").waitFor();
    assert.equal(await focused(), "library-continue");
    await page.keyboard.press("Enter");
    assert.equal(await focused(), "library-cancel");
    await summary("^All 17 checked");
    await page.locator("#library-cancel").waitFor({ state: "hidden" });
    assert.equal(await focused(), "library");
    await page.locator("#kept-clear").press("Enter");
    await page.locator("#kept-words").getByText("Nothing is kept").waitFor();
    await page.waitForTimeout(100);
    assert.equal(await focused(), "kept-words");
  });

  test("the table is saved as CSV, best first", async () => {
    await lefts().setInputFiles(mine);
    await page.locator("input[type=file]").nth(1).setInputFiles(files.filter((path) => /again|broken|other-3\./.test(path)));
    await summary("^All 3 checked");
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("#library-csv")]);
    const lines = readFileSync(await download.path(), "utf8").trimEnd().split("\r\n");
    assert.equal(lines[0], "\ufeffleft,right,folder,score,verdict,left_coverage,passages,note");
    assert.match(String(lines[1]), /^mine\.wav,again\.wav,,1\.0000,nearly-identical,/);
    assert.match(String(lines[2]), /^mine\.wav,other-3\.wav,,0\.\d{4},/);
    assert.match(String(lines[3]), /^mine\.wav,broken\.mp3,,,failed,,,"?“broken\.mp3”/);
  });

  test("what is saved as CSV begins with the mark of UTF-8, and names that a spreadsheet would compute are kept from it", async () => {
    const cells = await page.evaluate(async (url) => {
      const { libraryCsv, passagesCsv } = await import(url);
      const names = ["=1+1.mp3", "+1.mp3", "@sum.mp3", "-2+3+cmd|' /C calc'!A0.mp3", "-.5*2", "-1", "-1.5", "Ünï, “10”.mp3"];
      const library = libraryCsv("mine.wav", names.map((name, index) => ({ index, file: { name }, folder: "", state: "waiting", result: undefined, note: "" })));
      const passage = { leftStartSecs: 0, leftEndSecs: 1, rightStartSecs: 0, rightEndSecs: 1, score: 1, speedRatio: 1, pitchShiftSemitones: -2 };
      const passages = passagesCsv({ left: { name: "-2.mp3" }, right: { name: "b.mp3" }, passages: [passage] });
      return [library, passages].map((text) => text.split("\r\n"));
    }, `${shared.url}save.js`);
    const [library, passages] = /** @type {[string[], string[]]} */ (cells);
    assert.deepEqual(
      library.slice(1, -1).map((line) => line.slice("mine.wav,".length, -",,,not checked,,,".length)),
      ["'=1+1.mp3", "'+1.mp3", "'@sum.mp3", "'-2+3+cmd|' /C calc'!A0.mp3", "'-.5*2", "-1", "-1.5", '"Ünï, “10”.mp3"'],
    );
    assert.match(String(passages[1]), /^'-2\.mp3,.*,-2\.0$/);
    for (const [header] of [library, passages]) assert.match(String(header), /^\ufeffleft,right/);
  });

  test("200 files at once: the first is yours, the others are ranked by one worker", async () => {
    const many = join(dirname(mine), "many");
    mkdirSync(many);
    // Ten recordings under twenty names each: as many lines, but not as long a wait.
    const recordings = Array.from({ length: 10 }, (_, index) => readFileSync(audio.tune(`seed-${index}.wav`, 200 + index, 4)));
    const paths = Array.from({ length: 200 }, (_, index) => join(many, `song ${index + 1}.wav`));
    paths.forEach((path, index) => writeFileSync(path, /** @type {Buffer} */ (recordings[index % 10])));
    await lefts().evaluate((input) => input.setAttribute("multiple", ""));
    await lefts().setInputFiles(paths);
    await summary("^All 199 checked");
    const lines = await table();
    assert.equal(lines.length, 199);
    assert.deepEqual(lines.map(([rank]) => rank), Array.from({ length: 199 }, (_, index) => String(index + 1)));
    assert.equal(lines.filter((cells) => /very same file as your song/i.test(String(cells[4]))).length, 19);
    assert.equal(page.workers().length, 1);
    // Each recording is decoded once; two that are at work at once can't know of each other.
    assert.ok(Number(await page.evaluate("decoded")) <= 12, `${await page.evaluate("decoded")} were decoded`);
    assert.match(await page.locator("#library-title").innerText(), /song 1\.wav against 199 songs/);
  });

  /** Drops a file or folder onto a zone, as from a file manager. @param {"left" | "right"} side @param {string} path */
  async function drop(side, path) {
    const box = /** @type {{ x: number, y: number }} */ (await page.locator(`.zone.${side}`).boundingBox());
    const session = await page.context().newCDPSession(page);
    for (const type of /** @type {const} */ (["dragEnter", "dragOver", "drop"])) {
      await session.send("Input.dispatchDragEvent", { type, x: box.x + 50, y: box.y + 50, data: { items: [], files: [path], dragOperationsMask: 1 } });
    }
  }

  test("a folder can be dropped", async () => {
    await lefts().setInputFiles(mine);
    await drop("right", folder);
    await page.locator("#library-rows tr.done").first().waitFor({ timeout: RUN_TIMEOUT_MS });
    assert.equal(await page.locator("#library-rows tr").count(), 22);
    assert.match(await page.locator(".zone.right").innerText(), /22 songs in albums/);
  });

  test("a folder that is dropped where your song goes says whose place it takes", async () => {
    await page.locator("input[type=file]").nth(1).setInputFiles(String(files[0]));
    await drop("left", folder);
    await page.locator("#idle-words").getByText("“other-1.wav” made room for this folder. Now choose your song").waitFor();
    await lefts().setInputFiles(mine);
    await page.locator("#library-left-out").getByText("“other-1.wav” made room for them; 1 other file").waitFor();
    await page.locator("input[type=file]").nth(1).setInputFiles(files.slice(0, 3));
    await page.locator("#library-title").getByText("against 3 songs").waitFor();
    assert.doesNotMatch(await page.locator("#library-left-out").innerText(), /made room/);
  });

  test("what was left out of a folder is told, too, when your song comes after it, and when another one comes", async () => {
    await folders().setInputFiles(folder);
    await page.locator("#idle-words").getByText("Now choose your song").waitFor();
    for (const song of [mine, String(files[0])]) {
      await lefts().setInputFiles(song);
      await page.locator("#library-title").getByText(`${basename(song)} against 22 songs`).waitFor();
      assert.match(await page.locator("#library-left-out").innerText(), /1 other file left out/);
    }
  });

  test("a folder without music is told to be that", async () => {
    const empty = join(dirname(mine), "pictures");
    mkdirSync(empty);
    renameSync(audio.file("photo.jpg", "no picture"), join(empty, "photo.jpg"));
    await lefts().setInputFiles(mine);
    await folders().setInputFiles(empty);
    await page.getByText("There is no music in this folder.").waitFor();
  });
});
