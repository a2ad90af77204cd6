/** Which files may be songs: the page, the element and native programs choose the same. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { SITE } from "../support/harness.js";
import { siteInChromium } from "../support/visit.js";

/** @type {typeof import("../../../pkg/shared/music-files.js")} */
const { MUSIC_ACCEPT, isMusicName } = await import(pathToFileURL(`${SITE}/pkg/shared/music-files.js`).href);

/** The page names why it can't decode them; programs don't look for them. */
const ON_THE_PAGE_ALONE = ["wma"];

describe("music files", () => {
  const shared = siteInChromium();

  test("native programs look for the same extensions", () => {
    const rust = readFileSync(new URL("../../../native/src/audio_file.rs", import.meta.url), "utf8");
    const [, list] = /AUDIO_EXTENSIONS: [^=]*= \[([^\]]*)\]/.exec(rust) ?? [];
    const native = [...(list ?? "").matchAll(/"(\w+)"/g)].map(([, extension]) => String(extension));
    const chosen = MUSIC_ACCEPT.split(",").flatMap((type) => (type.startsWith(".") ? [type.slice(1)] : []));
    assert.deepEqual([...native, ...ON_THE_PAGE_ALONE].sort(), chosen.sort());
  });

  test("a name is judged by its last extension, in any case", () => {
    const names = ["song.mp3", "SONG.AIFC", "a.b.wma", ".mp3", "mp3", "song.mp3.txt", "song.mp33", "song.", ""];
    assert.deepEqual(names.filter(isMusicName), ["song.mp3", "SONG.AIFC", "a.b.wma", ".mp3"]);
  });

  test("the page and the element offer them in their dialogues", async () => {
    const page = await shared.browser.newPage();
    const accepted = (/** @type {string} */ inputs) =>
      page.locator(inputs).evaluateAll((all) => all.map((input) => /** @type {HTMLInputElement} */ (input).accept));
    await page.goto(shared.url);
    await page.locator(".zone input[accept]").first().waitFor({ state: "attached" });
    assert.deepEqual(await accepted(".zone label input"), [MUSIC_ACCEPT, MUSIC_ACCEPT]);
    await page.goto(`${shared.url}embed.html`);
    const inElement = "sound-alike >> nth=0 >> input";
    await page.locator(inElement).first().waitFor({ state: "attached" });
    assert.deepEqual(await accepted(inElement), [MUSIC_ACCEPT, MUSIC_ACCEPT]);
    await page.close();
  });
});
