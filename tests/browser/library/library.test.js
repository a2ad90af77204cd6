/** One song against many, on the page: the run and its table. */

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { RUN_TIMEOUT_MS, libraryVisits } from "../support/library-visit.js";
import { startTrace, stopTrace } from "../support/trace.js";

describe("library", () => {
  const visit = libraryVisits();
  const { shared, files, summary, table, lefts, rights, folders } = visit;
  const { audio } = shared;

  test("a folder of 20 songs is ranked, files that can't be checked are named, a second run is quick", async () => {
    await lefts().setInputFiles(visit.mine);
    await folders().setInputFiles(visit.folder);
    // Observed by a script in the page: from here it could come after the end.
    const oneByOne = () =>
      document.querySelectorAll("#library-rows tr.done").length > 0 &&
      document.querySelectorAll("#library-rows tr.waiting").length > 5;
    await visit.page.waitForFunction(oneByOne, undefined, { polling: 10, timeout: RUN_TIMEOUT_MS });
    await summary("^All 22 checked · \\d match(es)? · 2 can’t be checked");
    assert.match(await visit.page.locator("#library-left-out").innerText(), /1 other file left out/);
    assert.equal(await visit.page.locator("[data-verdict]").count(), 0, "no report is open");

    const lines = await table();
    assert.deepEqual(
      lines.map(([rank]) => rank),
      [...Array.from({ length: 20 }, (_, index) => String(index + 1)), "", ""],
    );
    const scores = lines.slice(0, 20).map(([, , score]) => Number(score));
    assert.deepEqual(
      scores,
      [...scores].sort((a, b) => b - a),
      "not ranked by score",
    );
    const names = lines.map(([, name]) => String(name).split("\n")[0]);
    assert.deepEqual(names.slice(0, 3).sort(), ["again.wav", "higher.mp3", "once-more.wav"]);
    assert.deepEqual(names.slice(20).sort(), ["broken.mp3", "short.wav"]);
    assert.match(
      String(lines.find(([, name]) => name?.startsWith("again.wav"))?.[1]),
      /albums\/second/,
      "the folder is told",
    );
    assert.match(String(lines.find(([, name]) => name?.startsWith("again.wav"))?.[4]), /very same file as your song/);
    assert.match(String(lines.find(([, name]) => name?.startsWith("broken.mp3"))?.[4]), /not a sound file/);
    assert.match(String(lines.find(([, name]) => name?.startsWith("short.wav"))?.[4]), /1\.0 seconds/);
    // Of the three equal files only the left one is decoded.
    assert.equal(await visit.page.evaluate("decoded"), 1 + 18 + 2);
    await visit.page
      .locator("#kept-words")
      .getByText(/19 analysed songs/)
      .waitFor();

    await visit.page.reload();
    await lefts().setInputFiles(visit.mine);
    await folders().setInputFiles(visit.folder);
    await summary("^All 22 checked");
    assert.deepEqual(await table(), lines);
    assert.equal(await visit.page.evaluate("decoded"), 2, "only what can't be checked is decoded again");
  });

  test("nothing but the order of the lines changes during a run, and none moves under a moving pointer", async () => {
    // The narrowest page with columns: the note about a broken file is longer than its cell.
    await visit.page.setViewportSize({ width: 800, height: 1400 });
    await lefts().setInputFiles(visit.mine);
    // Better ranks come late, so that lines move.
    const late = [
      ...files.filter((path) => /broken/.test(path)),
      ...files.slice(0, 6),
      ...files.filter((path) => /higher|again/.test(path)),
    ];
    await visit.page.evaluate(() => {
      const seen = { geometries: /** @type {string[]} */ ([]), shifted: /** @type {string[]} */ ([]), moves: 0 };
      Object.assign(globalThis, { seen });
      /** Positions of everything, independent of the order of the songs. */
      const geometry = () => {
        const boxes = [
          ...document.querySelectorAll(
            "#library, #library > *, #library th[scope=col], #library tr, #library td, #library button",
          ),
        ];
        // An element that moves by a transform counts at the place to which it moves.
        document.getAnimations().forEach((animation) => animation.finish());
        const places = boxes
          .filter((box) => box.id !== "library-cancel" && !box.matches(".link"))
          .filter((box) => /** @type {HTMLElement} */ (box).offsetParent)
          .map((box) => {
            const { x, y, width, height } = box.getBoundingClientRect();
            // A cell is as tall as its text, in the middle of its line.
            return (box.matches("td") ? [x, width] : [x, y, width, height]).map((value) => value.toFixed(1)).join(" ");
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
          for (const { node } of entry.hadRecentInput || !document.querySelector("#library.running tr.done")
            ? []
            : entry.sources) {
            const element = node instanceof Element ? node : node?.parentElement;
            if (element?.closest("#library-rows")) seen.moves++;
            else seen.shifted.push(element?.outerHTML.slice(0, 80) ?? "gone");
          }
        }
      }).observe({ type: "layout-shift" });
      look();
    });
    await rights().setInputFiles(late);
    await summary("^All 9 checked");
    const seen = /** @type {{ geometries: string[], shifted: string[], moves: number }} */ (
      await visit.page.evaluate("seen")
    );
    assert.equal(
      seen.geometries.length,
      1,
      `the table changed its shape:\n${seen.geometries.slice(0, 2).join("\n\n")}`,
    );
    assert.deepEqual(seen.shifted, []);
    const tooTall = await visit.page
      .locator("#library-rows tr > *")
      .evaluateAll((cells) =>
        cells
          .filter((cell) => cell.clientHeight > Number(cell.parentElement?.clientHeight))
          .map(({ textContent }) => textContent),
      );
    assert.deepEqual(tooTall, []);
    const ranked = await table();
    assert.deepEqual(
      ranked
        .slice(0, 2)
        .map(([, name]) => name)
        .sort(),
      ["again.wav", "higher.mp3"],
    );

    // Again, with the pointer over the place of the second line: it rests there, or moves for
    // longer than the rest time.
    const line = /** @type {{ x: number, y: number }} */ (
      await visit.page.locator("#library-rows tr").nth(1).boundingBox()
    );
    const names = async () => (await table()).map(([, name]) => name);
    for (const movesOnMs of [0, 2000]) {
      await visit.page.click("#library-restart");
      await visit.page.mouse.move(line.x + 20, line.y + 20);
      await visit.page.evaluate((moveMs) => {
        const library = /** @type {Element} */ (document.querySelector("#library"));
        const rows = /** @type {Element} */ (document.querySelector("#library-rows"));
        const order = { early: 0, late: 0, isFixed: true };
        Object.assign(globalThis, { order });
        // Moved from here, it could rest for too long in between.
        const moving = setInterval(() => moveMs > 0 && rows.dispatchEvent(new PointerEvent("pointermove")), 50);
        const ended = new MutationObserver(() => {
          if (
            library.classList.contains("running") ||
            document.querySelector("#library-rows tr:is(.waiting, .working)")
          )
            return;
          ended.disconnect();
          setTimeout(() => (clearInterval(moving), (order.isFixed = false)), moveMs);
        });
        ended.observe(library, { attributeFilter: ["class"] });
        new MutationObserver((changes) => {
          // All lines are added at once; a line that moves is removed and inserted.
          if (changes.some(({ removedNodes, addedNodes }) => removedNodes.length + addedNodes.length === 1))
            order[order.isFixed ? "early" : "late"]++;
        }).observe(rows, { childList: true });
      }, movesOnMs);
      await rights().setInputFiles(late);
      await lefts().setInputFiles(visit.mine);
      await visit.page.locator("#library-rows:hover tr.done").first().waitFor();
      await summary("^All 9 checked");
      await visit.page.waitForFunction(() => /** @type {any} */ (globalThis).order.late > 0);
      assert.equal(await visit.page.evaluate("order.early"), 0, "a line moved under the pointer");
      assert.deepEqual(
        await names(),
        ranked.map(([, name]) => name),
      );
      assert.equal(await visit.page.locator("#library-rows:hover").count(), 1);
    }
  });

  test("a line opens its report, and the way back leads to the table", async () => {
    await rights().setInputFiles(files.filter((path) => /higher|other-[12]\./.test(path)));
    await visit.page.locator("#idle-words").getByText("Now choose your song").waitFor();
    await lefts().setInputFiles(visit.mine);
    await summary("^All 3 checked");
    const button = visit.page.getByRole("button", { name: "higher.mp3" });
    await button.click();
    const report = visit.page.locator("[data-verdict]");
    await report.waitFor({ timeout: RUN_TIMEOUT_MS });
    assert.ok(Number(await report.getAttribute("data-score")) >= 0.5);
    assert.match(await visit.page.locator("#verdict-words").innerText(), /mine\.wav[^]*higher\.mp3/);
    assert.ok(await visit.page.locator("#library").isHidden());
    await visit.page.click("#back");
    assert.equal(await visit.page.locator("[data-verdict]").count(), 0);
    assert.ok(await visit.page.locator("#library").isVisible());
    assert.ok(await button.evaluate((element) => element === document.activeElement), "the keyboard is where it was");
  });

  test("while a run goes on, the page tells how many songs are kept by now", async () => {
    await visit.page.evaluate(() => {
      const told = /** @type {string[]} */ ([]);
      Object.assign(globalThis, { told });
      const words = /** @type {Element} */ (document.querySelector("#kept-words"));
      new MutationObserver(
        () => document.querySelector("#library.running") && told.push(words.textContent ?? ""),
      ).observe(words, { childList: true });
      // The run lasts for some seconds even on a fast machine.
      const original = BaseAudioContext.prototype.decodeAudioData;
      BaseAudioContext.prototype.decodeAudioData = async function (...rest) {
        await new Promise((resolve) => setTimeout(resolve, 250));
        return original.apply(this, rest);
      };
    });
    await lefts().setInputFiles(visit.mine);
    await rights().setInputFiles(files.slice(0, 17));
    await summary("^All 17 checked");
    const told = /** @type {string[]} */ (await visit.page.evaluate("told"));
    assert.match(String(told[0]), /Kept on this device: \d+ analysed songs/);
    const secs = await visit.page.evaluate(() => performance.now() / 1000);
    assert.ok(told.length <= secs / 2, `told ${told.length} times in ${secs} s`);
  });

  test("the time left follows from quick and slow checks, but not from songs that were known", async () => {
    const checker = async () => ({
      concurrency: 2,
      analyse: async () => {},
      compare: async (
        /** @type {unknown} */ _left,
        /** @type {{ name: string }} */ { name },
        /** @type {any} */ { onProgress },
      ) => {
        const ms = Number(/\d+/.exec(name));
        if (ms > 0) onProgress({ stage: "decode", fraction: 0 });
        await new Promise((resolve) => setTimeout(resolve, ms));
        return { score: 0, verdict: "different", passages: [], left: { coverage: 0 } };
      },
    });
    // Answers of a service worker bypass the route.
    const context = await shared.browser.newContext({ serviceWorkers: "block" });
    const page = await context.newPage();
    await page.route("**/checker.js", (route) =>
      route.fulfill({
        contentType: "text/javascript",
        body: `export const checker = ${checker}; export const cache = undefined;`,
      }),
    );
    // Before the page loads, so that all its timers are of this clock. Real ones can be late.
    await page.clock.install();
    await page.goto(`${shared.url}embed.html`);
    const { estimates, endedAtSecs } = await page.evaluate(async (url) => {
      const { LibraryCheck } = await import(url);
      const files = [0, 0, 0, 400, ...Array(20).fill(100)].map((ms) => ({
        file: new File([], `${ms} ms.wav`),
        folder: "",
      }));
      const estimates = /** @type {{ secs: number, atSecs: number }[]} */ ([]);
      const library = new LibraryCheck(files, { leftOut: 0, replaced: undefined }, (/** @type {any} */ row) => {
        if (row.state === "done") estimates.push({ secs: library.remainingSecs, atSecs: performance.now() / 1000 });
      });
      await library.run({ name: "mine.wav" }, new AbortController().signal, () => {});
      return { estimates, endedAtSecs: performance.now() / 1000 };
    }, `${shared.url}library/library-check.js`);
    await context.close();
    assert.equal(estimates.length, 24);
    assert.deepEqual(
      estimates.slice(0, 3).map(({ secs }) => secs),
      [undefined, undefined, undefined],
    );
    for (const { secs, atSecs } of estimates.slice(3)) {
      const rightSecs = endedAtSecs - atSecs;
      assert.ok(secs > rightSecs / 2 - 0.2 && secs < 2 * rightSecs + 0.2, `${secs} s, where it took ${rightSecs} s`);
    }
  });

  test("a run that is cancelled keeps its results and goes on when asked", async () => {
    await lefts().setInputFiles(visit.mine);
    await rights().setInputFiles(files.slice(0, 17));
    // Clicked by a script in the page: a click from here could come after the end.
    const cancelSoon = () => {
      if (document.querySelectorAll("#library-rows tr.done").length < 2) return false;
      /** @type {HTMLElement} */ (document.querySelector("#library-cancel")).click();
      return true;
    };
    await visit.page.waitForFunction(cancelSoon, undefined, { polling: 10, timeout: RUN_TIMEOUT_MS });
    const done = await visit.page.locator("#library-rows tr.done").count();
    assert.ok(done < 17, "cancelled too late to tell");
    await visit.page.waitForTimeout(1000);
    assert.ok((await visit.page.locator("#library-rows tr.done").count()) <= done + 1, "the run went on");
    assert.equal(await visit.page.locator("#library-rows tr.working").count(), 0);
    await visit.page.click("#library-continue");
    await summary("^All 17 checked");
    // Your song, each of the 17, and again the two that were in progress.
    assert.ok(Number(await visit.page.evaluate("decoded")) <= 1 + 17 + 2, "what was done was done again");
  });

  test("200 files at once: the first is yours, the others are ranked, the page stays responsive", async () => {
    const many = join(dirname(visit.mine), "many");
    mkdirSync(many);
    // Ten recordings under 20 names each: the same number of lines in less time.
    const recordings = Array.from({ length: 10 }, (_, index) =>
      readFileSync(audio.tune(`seed-${index}.wav`, 200 + index, 4)),
    );
    const paths = Array.from({ length: 200 }, (_, index) => join(many, `song ${index + 1}.wav`));
    paths.forEach((path, index) => writeFileSync(path, /** @type {Buffer} */ (recordings[index % 10])));
    await lefts().evaluate((input) => input.setAttribute("multiple", ""));
    await visit.page.evaluate(() => {
      Object.assign(globalThis, { movedUnseen: 0 });
      const animate = HTMLTableRowElement.prototype.animate;
      HTMLTableRowElement.prototype.animate = function (frames, ...rest) {
        // Its place in the layout, without an animation that is still running.
        const top =
          Number(this.parentElement?.getBoundingClientRect().top) +
          this.offsetTop -
          Number(this.parentElement?.offsetTop);
        const bottom = top + this.offsetHeight;
        const from = parseFloat(String(/** @type {Keyframe[]} */ (frames)[0]?.transform).slice("translateY(".length));
        const isSeen = (/** @type {number} */ by) => bottom + by > 0 && top + by < innerHeight;
        if (!isSeen(0) && !isSeen(from)) /** @type {any} */ (globalThis).movedUnseen++;
        return animate.call(this, frames, ...rest);
      };
    });
    await startTrace(shared.browser, visit.page);
    await lefts().setInputFiles(paths);
    await summary("^All 199 checked");
    const { longestMs } = await stopTrace(shared.browser);
    assert.ok(longestMs < 100, `the page did not answer for ${longestMs} ms of processor time`);
    assert.equal(await visit.page.evaluate("movedUnseen"), 0, "lines out of sight were moved line by line");
    const laidOut = await visit.page
      .locator("#library-rows th > button")
      .evaluateAll((names) => names.filter((name) => name.checkVisibility({ contentVisibilityAuto: true })).length);
    assert.ok(laidOut >= 5 && laidOut < 60, `${laidOut} lines were laid out, where not all are in sight`);
    const lines = await table();
    assert.equal(lines.length, 199);
    assert.deepEqual(
      lines.map(([rank]) => rank),
      Array.from({ length: 199 }, (_, index) => String(index + 1)),
    );
    assert.equal(lines.filter((cells) => /very same file as your song/i.test(String(cells[4]))).length, 19);
    assert.ok(visit.page.workers().length <= 2, "a worker that computed a digest is still there");
    // Each recording is decoded once, unless two copies of it are in progress at the same time.
    assert.ok(
      Number(await visit.page.evaluate("decoded")) <= 12,
      `${await visit.page.evaluate("decoded")} were decoded`,
    );
    assert.match(await visit.page.locator("#library-title").innerText(), /song 1\.wav against 199 songs/);
  });
});
