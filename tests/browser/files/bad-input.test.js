/**
 * Bad files and a broken engine: each has an error message of its own, and the page stays usable.
 */

import assert from "node:assert/strict";
import { truncateSync } from "node:fs";
import { before, describe, test } from "node:test";
import { wav } from "../support/inputs/music.js";
import { visits } from "../support/visit.js";

const CHECK_TIMEOUT_MS = 90_000;

describe("bad input", () => {
  const visit = visits();
  const { audio, give, report, songs } = visit;

  before(async () => {
    songs.empty = audio.file("empty.mp3", "");
    songs.text = audio.file("text.mp3", "These are words and no song.\n".repeat(200));
    songs.short = audio.tune("short.wav", 1, 1);
    songs.mute = audio.encoded("mute.mp4", songs.original, [
      "-f",
      "lavfi",
      "-i",
      "color=size=64x64:rate=5",
      "-map",
      "1:v",
      "-t",
      "5",
      "-c:v",
      "mpeg4",
    ]);
    songs.protected = audio.file("protected.m4p", "????ftypM4P ".repeat(500));
    songs.foreign = audio.encoded("foreign.wma", songs.original, ["-c:a", "wmav2"]);
    // Sparse files of 500 MB: one without sound, and a recording of 17 hours.
    songs.huge = audio.file("huge.mp3", "no song");
    songs.endless = audio.file("endless.wav", endlessWav(500e6));
    for (const path of [songs.huge, songs.endless]) truncateSync(path, 500e6);
    songs.silent = audio.encoded("silent.wav", songs.original, ["-af", "volume=0"]);
  });

  for (const [file, code] of /** @type {const} */ ([
    ["empty", "no-audio"],
    ["text", "decode-failed"],
    ["short", "too-short"],
    ["silent", "silent"],
    ["mute", "decode-failed"],
    ["protected", "decode-failed"],
    ["foreign", "decode-failed"],
    ["huge", "decode-failed"],
    ["endless", "too-long"],
  ])) {
    test(`a bad file (${file}) is named, and the page stays usable`, async () => {
      await give("left", songs[file]);
      await give("right", songs.copy);
      const error = visit.page.locator("#error");
      await error.waitFor({ timeout: CHECK_TIMEOUT_MS });
      assert.equal(await error.getAttribute("data-code"), code);
      assert.match(await error.innerText(), new RegExp(`“${file}\\.`), "the sentence names the file");
      assert.equal(await visit.page.locator("[data-verdict]").count(), 0);
      await give("left", songs.original);
      assert.notEqual((await report()).verdict, "different");
      assert.ok(await error.isHidden(), "the error is taken back");
    });
  }

  test("a file of 500 MB that can’t be checked is refused after its first bytes", async () => {
    await visit.page.addInitScript(() => {
      Object.assign(globalThis, { readBytes: 0 });
      const original = Blob.prototype.arrayBuffer;
      Blob.prototype.arrayBuffer = function () {
        /** @type {any} */ (globalThis).readBytes += this.size;
        return original.call(this);
      };
    });
    await visit.page.reload();
    for (const file of ["huge", "endless"]) {
      await give("left", songs[file]);
      await give("right", songs.endless);
      await visit.page.locator("#error").getByText(`“${file}.`).waitFor({ timeout: CHECK_TIMEOUT_MS });
    }
    // The first bytes tell the format.
    const bytes = Number(await visit.page.evaluate("readBytes"));
    assert.ok(bytes < 1000, `${bytes} bytes are read`);
  });

  test("the size of a file that is too large is shown once, and larger than the limit", async () => {
    const large = audio.file("large.wav", "");
    truncateSync(large, 1_001_000_000);
    await give("left", large);
    await give("right", songs.copy);
    await visit.page
      .locator("#error")
      .getByText("“large.wav” has 1.01 GB. At most 1 GB")
      .waitFor({ timeout: CHECK_TIMEOUT_MS });
    assert.match(await visit.page.locator(".zone.left").innerText(), /\b1\.01 GB/);
  });

  test("after a bad file, another one can be chosen with one click", async () => {
    await give("left", songs.text);
    await give("right", songs.copy);
    const chooser = visit.page.waitForEvent("filechooser", { timeout: CHECK_TIMEOUT_MS });
    await visit.page.getByRole("button", { name: "Choose another file" }).click();
    await (await chooser).setFiles(songs.original);
    assert.notEqual((await report()).verdict, "different");
  });

  for (const [what, code, words, fault] of /** @type {const} */ ([
    [
      "weights that can’t be loaded",
      "weights-invalid",
      /weights could not be loaded\. Check the connection/,
      { files: "**/weights.safetensors" },
    ],
    [
      "an engine that can’t be loaded",
      "crashed",
      /engine could not be loaded\. Check the connection/,
      { files: "**/*.wasm" },
    ],
    [
      "damaged weights",
      "weights-invalid",
      /weights are damaged or belong to another version/,
      { files: "**/weights.safetensors", body: "no weights" },
    ],
    [
      "a browser without WebGPU, the chosen backend",
      "unsupported-browser",
      /WebGPU does not work in this browser\. The CPU does the same/,
      { query: "?backend=webgpu" },
    ],
    [
      "a browser without WebAssembly SIMD",
      "unsupported-browser",
      /lacks WebAssembly SIMD\. Chrome 91/,
      { script: "WebAssembly.validate = () => false" },
    ],
    [
      "an engine that stops during a check",
      "crashed",
      /stopped unexpectedly\. The next check starts it afresh/,
      {
        script: `const Whole = Worker;
          globalThis.Worker = class extends Whole {
            postMessage(...sent) {
              if (sent[0].type !== "analyse" || globalThis.stopped) return super.postMessage(...sent);
              globalThis.stopped = true;
              this.onerror(new ErrorEvent("error"));
            }
          };`,
        again: true,
      },
    ],
  ])) {
    test(`${what}: reported in plain words (${code})`, async () => {
      const {
        files,
        body,
        query = "?backend=cpu",
        script,
        again = Boolean(files),
      } = /** @type {{ files?: string, body?: string, query?: string, script?: string, again?: boolean }} */ (fault);
      const context = await visit.shared.browser.newContext({ serviceWorkers: "block" });
      const another = await context.newPage();
      if (files) await another.route(files, (route) => (body === undefined ? route.abort() : route.fulfill({ body })));
      if (script) await another.addInitScript(script);
      await another.goto(visit.shared.url + query);
      await another
        .locator("input[type=file]")
        .nth(0)
        .setInputFiles(/** @type {string} */ (songs.original));
      await another
        .locator("input[type=file]")
        .nth(1)
        .setInputFiles(/** @type {string} */ (songs.unrelated));
      const error = another.locator("#error");
      await error.waitFor({ timeout: CHECK_TIMEOUT_MS });
      assert.equal(await error.getAttribute("data-code"), code);
      assert.match(await error.innerText(), /^The check did not finish\. /);
      assert.match(await error.innerText(), words);
      assert.equal(await another.locator(".zone.bad").count(), 0, "no song is to blame");
      if (again) {
        if (files) await another.unroute(files);
        await another.getByRole("button", { name: "Compare", exact: true }).click();
        await another.locator("[data-verdict]").waitFor({ timeout: CHECK_TIMEOUT_MS });
      }
      await context.close();
    });
  }
});

/**
 * The beginning of a WAV file with 8 bits at 8 kHz, so that a byte is an eighth of a millisecond.
 * @param {number} bytes of the file
 */
function endlessWav(bytes) {
  const header = wav(new Float32Array(0), 8000).subarray(0, 44);
  header.writeUInt32LE(bytes - 8, 4);
  header.writeUInt32LE(8000, 28);
  header.writeUInt16LE(1, 32);
  header.writeUInt16LE(8, 34);
  header.writeUInt32LE(bytes - 44, 40);
  return header;
}
