/**
 * Navigation of the library check: folders, drops, and reports opened and closed by pointer,
 * keyboard and the browser's buttons.
 */

import assert from "node:assert/strict";
import { mkdirSync, renameSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, test } from "node:test";
import { RUN_TIMEOUT_MS, libraryVisits } from "../support/library-visit.js";

describe("ways of the library", () => {
  const visit = libraryVisits();
  const { shared, files, summary, lefts, rights, folders } = visit;
  const { audio } = shared;

  test("the browser’s Back leads from a report to the table and its run, Forward to the report", async () => {
    await lefts().setInputFiles(visit.mine);
    await rights().setInputFiles([...files.filter((path) => /higher/.test(path)), ...files.slice(0, 17)]);
    const report = visit.page.locator("[data-verdict]");
    const isTable = async () => {
      await visit.page.locator("#library").waitFor();
      assert.equal(await report.count(), 0);
      assert.match(visit.page.url(), /backend=cpu$/);
    };
    // Clicked by a script in the page: a click from here could come after the end.
    const openSoon = () => {
      const button = document.querySelector("#library.running tr.done button");
      if (button instanceof HTMLElement) button.click();
      return Boolean(button);
    };
    await visit.page.waitForFunction(openSoon, undefined, { polling: 10, timeout: RUN_TIMEOUT_MS });
    await report.waitFor({ timeout: RUN_TIMEOUT_MS });
    await visit.page.goBack();
    await isTable();
    await summary("^All 18 checked");
    await visit.page.goForward();
    await report.waitFor({ timeout: RUN_TIMEOUT_MS });
    assert.match(await visit.page.locator("#verdict-words").innerText(), /higher\.mp3/);
    // A link within the page makes an entry; Back from it must not close the report.
    await visit.page.click(".private a");
    await visit.page.waitForURL(/#promise$/);
    assert.equal(await report.count(), 1);
    await visit.page.goBack();
    await visit.page.waitForTimeout(100);
    assert.equal(await report.count(), 1);
    await visit.page.goBack();
    await isTable();
    // The page's own button leaves no additional entry in the history.
    const entries = await visit.page.evaluate(() => history.length);
    for (let times = 0; times < 2; times++) {
      await visit.page.getByRole("button", { name: "higher.mp3" }).click();
      await visit.page.click("#back");
      await isTable();
      await visit.page.waitForFunction(() => history.state === null);
    }
    assert.ok((await visit.page.evaluate(() => history.length)) <= entries);
    // With other songs, or after a reload, Forward leads to no report.
    await visit.page.getByRole("button", { name: "higher.mp3" }).click();
    await report.waitFor({ timeout: RUN_TIMEOUT_MS });
    await visit.page.click("#restart");
    await visit.page.waitForFunction(() => history.state === null);
    await lefts().setInputFiles(visit.mine);
    await visit.page.goForward();
    await visit.page.waitForTimeout(300);
    assert.ok(await visit.page.locator("#idle-words").getByText("Now choose the song to compare it with").isVisible());
    await visit.page.reload();
    await lefts().setInputFiles(visit.mine);
    await visit.page.goBack();
    await visit.page.waitForTimeout(100);
    assert.match(await visit.page.locator(".zone.left").innerText(), /mine\.wav/);
  });

  test("with a report opened, the Escape key stops the player, then closes it, and never ends the run", async () => {
    await lefts().setInputFiles(visit.mine);
    await rights().setInputFiles([...files.filter((path) => /higher/.test(path)), ...files.slice(0, 17)]);
    // Opened by a script in the page: from here the run could be over.
    const openFirst = () => {
      /** @type {HTMLElement | null} */
      const button = document.querySelector("#library.running tr.done button");
      button?.click();
      return document.querySelector("#back:not([hidden])");
    };
    await visit.page.waitForFunction(openFirst, undefined, { polling: 10, timeout: RUN_TIMEOUT_MS });
    await visit.page.locator("[data-verdict]").waitFor({ timeout: RUN_TIMEOUT_MS });
    const play = visit.page.locator("#passages button").first();
    await play.click();
    await visit.page.keyboard.press("Escape");
    assert.equal(await visit.page.locator("#passages button.playing").count(), 0);
    assert.equal(await visit.page.locator("[data-verdict]").count(), 1, "the report is gone");
    await visit.page.keyboard.press("Escape");
    assert.equal(await visit.page.locator("[data-verdict]").count(), 0);
    await summary("^All 18 checked");
  });

  test("the focus goes from a button that is hidden to the part in its place", async () => {
    const focused = () => visit.page.evaluate(() => document.activeElement?.id);
    await lefts().setInputFiles(visit.mine);
    await rights().setInputFiles(files.slice(0, 17));
    await visit.page.locator("#library-cancel").waitFor();
    await visit.page.locator("#library-cancel").press("Enter");
    await visit.page.locator("#library-continue").waitFor();
    assert.equal(await focused(), "library-continue");
    await visit.page.keyboard.press("Enter");
    assert.equal(await focused(), "library-cancel");
    await summary("^All 17 checked");
    await visit.page.locator("#library-cancel").waitFor({ state: "hidden" });
    assert.equal(await focused(), "library");
    await visit.page.locator("#kept-clear").press("Enter");
    await visit.page.locator("#kept-words").getByText("Nothing is kept").waitFor();
    await visit.page.waitForTimeout(100);
    assert.equal(await focused(), "kept-words");
  });

  /**
   * Drops a file or folder onto a zone, as from a file manager.
   * @param {"left" | "right"} side @param {string} path
   */
  async function drop(side, path) {
    const box = /** @type {{ x: number, y: number }} */ (await visit.page.locator(`.zone.${side}`).boundingBox());
    const session = await visit.page.context().newCDPSession(visit.page);
    for (const type of /** @type {const} */ (["dragEnter", "dragOver", "drop"])) {
      await session.send("Input.dispatchDragEvent", {
        type,
        x: box.x + 50,
        y: box.y + 50,
        data: { items: [], files: [path], dragOperationsMask: 1 },
      });
    }
  }

  test("a folder can be dropped", async () => {
    await lefts().setInputFiles(visit.mine);
    await drop("right", visit.folder);
    await visit.page.locator("#library-rows tr.done").first().waitFor({ timeout: RUN_TIMEOUT_MS });
    assert.equal(await visit.page.locator("#library-rows tr").count(), 22);
    assert.match(await visit.page.locator(".zone.right").innerText(), /22 songs in albums/);
  });

  test("a folder that is dropped where your song goes says whose place it takes", async () => {
    await rights().setInputFiles(String(files[0]));
    await drop("left", visit.folder);
    await visit.page
      .locator("#idle-words")
      .getByText("“other-1.wav” made room for this folder. Now choose your song")
      .waitFor();
    await lefts().setInputFiles(visit.mine);
    const leftOut = visit.page.locator("#library-left-out");
    await leftOut.getByText("“other-1.wav” made room for them; 1 other file").waitFor();
    await rights().setInputFiles(files.slice(0, 3));
    await visit.page.locator("#library-title").getByText("against 3 songs").waitFor();
    assert.doesNotMatch(await visit.page.locator("#library-left-out").innerText(), /made room/);
  });

  test("what was left out of a folder is also shown when your song comes later or changes", async () => {
    await folders().setInputFiles(visit.folder);
    await visit.page.locator("#idle-words").getByText("Now choose your song").waitFor();
    for (const song of [visit.mine, String(files[0])]) {
      await lefts().setInputFiles(song);
      await visit.page
        .locator("#library-title")
        .getByText(`${basename(song)} against 22 songs`)
        .waitFor();
      assert.match(await visit.page.locator("#library-left-out").innerText(), /1 other file left out/);
    }
  });

  test("a folder without music causes an error that says so", async () => {
    const empty = join(dirname(visit.mine), "pictures");
    mkdirSync(empty);
    renameSync(audio.file("photo.jpg", "no picture"), join(empty, "photo.jpg"));
    await lefts().setInputFiles(visit.mine);
    await folders().setInputFiles(empty);
    await visit.page.getByText("There is no music in this folder.").waitFor();
  });
});
