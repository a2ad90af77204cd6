/** The page in Firefox, which decodes with its own codecs and computes on the CPU. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, beforeEach, describe, test } from "node:test";
import { audioFolder, serveSite } from "../support/harness.js";
import { EVEN_FRAMES, freeFormat } from "../support/inputs/foreign-formats.js";
import { tune, wav } from "../support/inputs/music.js";
import { Firefox } from "../support/webdriver.js";

const CHECK_TIMEOUT_MS = 90_000;

describe("page in Firefox", () => {
  const audio = audioFolder();
  /** @type {Awaited<ReturnType<typeof serveSite>>} */
  let site;
  /** @type {Firefox} */
  let firefox;
  const songs = /** @type {Record<string, string>} */ ({});

  before(async () => {
    songs.original = audio.tune("original.wav", 1, 20);
    songs.copy = audio.transposed("copy.mp3", songs.original, 2);
    songs.unrelatedAsWav = audio.tune("unrelated.wav", 7, 18);
    songs.unrelated = audio.encoded("unrelated.ogg", songs.unrelatedAsWav, ["-c:a", "libvorbis"]);
    const tracks = ["-i", songs.original, "-map", "0", "-map", "1", "-disposition:a:0", "0"];
    songs.two = audio.encoded("two.webm", songs.unrelatedAsWav, [...tracks, "-disposition:a:1", "default"]);
    songs.long = audio.tune("long.wav", 3, 120);
    const even = audio.encoded("even.mp3", songs.original, ["-c:a", "libmp3lame", ...EVEN_FRAMES]);
    songs.free = audio.file("free.mp3", freeFormat(readFileSync(even)));
    songs.text = audio.file("text.mp3", "These are words and no song.\n".repeat(200));
    site = await serveSite();
    firefox = await Firefox.launch();
  });

  after(async () => {
    await firefox?.close();
    site?.close();
    audio.remove();
  });

  beforeEach(() => firefox.open(site.url));

  /** @param {string} left @param {string} right */
  async function give(left, right) {
    await firefox.choose(".zone.left input[type=file]", left);
    await firefox.choose(".zone.right input[type=file]", right);
  }

  async function report() {
    await firefox.waitFor("[data-verdict], #error:not([hidden])", CHECK_TIMEOUT_MS);
    return firefox.run(() => {
      const standing = /** @type {HTMLElement | null} */ (document.querySelector("[data-verdict]"));
      return {
        verdict: standing?.dataset["verdict"],
        score: Number(standing?.dataset["score"]),
        passages: document.querySelectorAll("#passages li").length,
        words: document.body.innerText,
      };
    });
  }

  test("the example runs", async () => {
    await firefox.click("#example");
    const { verdict, words } = await report();
    assert.ok(verdict && verdict !== "different", words);
  });

  test("a re-encoded copy two semitones higher is recognised", async () => {
    await give(songs.original, songs.copy);
    const { verdict, score, passages, words } = await report();
    assert.ok(score >= 0.5 && score <= 1, words);
    assert.notEqual(verdict, "different");
    assert.ok(passages >= 1, "no passage is listed");
    assert.match(words, /CPU/);
  });

  test("an unrelated song is different", async () => {
    await give(songs.original, songs.unrelated);
    const { verdict, score, words } = await report();
    assert.equal(verdict, "different", words);
    assert.ok(score < 0.5, `score ${score}`);
  });

  test("of two sound tracks the default one is compared, or the one that is chosen", async () => {
    await give(songs.two, songs.original);
    assert.equal((await report()).verdict, "nearly-identical");
    await firefox.run(() => {
      const choice = /** @type {HTMLSelectElement} */ (document.querySelector(".zone.left .zone-tracks"));
      choice.value = "1";
      choice.dispatchEvent(new Event("change"));
    });
    await firefox.waitFor("[data-verdict=different], #error:not([hidden])", CHECK_TIMEOUT_MS);
    const { verdict, words } = await report();
    assert.equal(verdict, "different", words);
  });

  test("MP3 of free format, which Firefox refuses, is decoded by the module for it", async () => {
    await give(songs.free, songs.original);
    const { verdict, passages, words } = await report();
    assert.deepEqual([verdict, passages], ["nearly-identical", 1], words);
    const loaded = await firefox.run(() => performance.getEntriesByType("resource").map((entry) => entry.name));
    assert.ok(
      loaded.some((name) => name.endsWith("soundalike_decoder_bg.wasm")),
      loaded.join(" "),
    );
  });

  test("a file that another program changed is read anew", async () => {
    const changing = audio.file("changing.wav", wav(tune(1, 20)));
    await give(changing, songs.unrelated);
    assert.equal((await report()).verdict, "different");
    // Of the same size, as when a program exports over a file.
    writeFileSync(changing, wav(tune(7, 20)));
    await firefox.choose(".zone.right input[type=file]", songs.unrelatedAsWav);
    await firefox.waitFor("[data-verdict=nearly-identical], #error:not([hidden])", CHECK_TIMEOUT_MS);
    const { verdict, words } = await report();
    assert.equal(verdict, "nearly-identical", words);
  });

  test("a passage is played in both songs, and its position moves through both timelines", async () => {
    await give(songs.original, songs.copy);
    await report();
    await firefox.click("#passages button");
    await firefox.waitFor(".links-picture:has(.playhead.on + .playhead.on)", CHECK_TIMEOUT_MS);
    const moved = await firefox.run(async () => {
      const places = () => [...document.querySelectorAll(".playhead")].map((head) => head.getBoundingClientRect().x);
      const first = places();
      for (let tries = 0; tries < 100; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        if (places().every((x, index) => x > Number(first[index]) + 1)) return true;
      }
      return false;
    });
    assert.ok(moved, "a playing position stands still");
  });

  test(
    "after the first visit the page works with its server gone",
    { skip: Boolean(process.env["SOUNDALIKE_URL"]) },
    async () => {
      const own = await serveSite();
      try {
        await firefox.open(own.url);
        const isKept = await firefox.run(async () => {
          for (let tries = 0; tries < 300; tries++) {
            const needed = [
              "./",
              "app.js",
              "pkg/worker.js",
              "pkg/wasm/cpu/soundalike_bg.wasm",
              "pkg/wasm/weights.safetensors",
            ];
            if ((await Promise.all(needed.map((url) => caches.match(url)))).every(Boolean)) return true;
            await new Promise((resolve) => setTimeout(resolve, 100));
          }
          return false;
        });
        assert.ok(isKept, "no copy of the site is kept");
      } finally {
        own.close();
      }
      await firefox.open(`${own.url}?backend=cpu`);
      await give(songs.original, songs.copy);
      assert.notEqual((await report()).verdict, "different");
    },
  );

  test(
    "a new version of the site is seen at once, whole, on a host that lets its files be kept",
    { skip: Boolean(process.env["SOUNDALIKE_URL"]) },
    async (t) => {
      const appended = /** @type {Record<string, string>} */ ({});
      const host = await serveSite(undefined, { headers: { "cache-control": "max-age=600" }, appended });
      t.after(() => host.close());
      await firefox.open(host.url);
      await firefox.run(async () => {
        await navigator.serviceWorker.ready;
        while (!navigator.serviceWorker.controller) await new Promise((resolve) => setTimeout(resolve, 50));
      });
      for (const version of ["0", "1", "2"]) {
        if (version !== "0")
          Object.assign(appended, {
            "/": `<meta name="version" content="${version}">`,
            "/style.css": `:root { --version:${version} }`,
            "/shared/dom.js": `export const version = "${version}";`,
          });
        for (const url of ["about:blank", host.url]) await firefox.open(url);
        const versions = await firefox.run(async () => {
          const { version: script = "0" } = await import(new URL("shared/dom.js", location.href).href);
          return [
            document.querySelector("meta[name=version]")?.getAttribute("content") ?? "0",
            getComputedStyle(document.documentElement).getPropertyValue("--version") || "0",
            script,
          ];
        });
        assert.deepEqual(versions, [version, version, version]);
      }
    },
  );

  test("a cancelled check ends at once, and the next one works", async () => {
    await give(songs.long, songs.long);
    const ended = await firefox.run(async () => {
      const bar = /** @type {HTMLProgressElement} */ (document.querySelector("#progress-bar"));
      while (!(bar.value > 0)) await new Promise((resolve) => setTimeout(resolve, 5));
      /** @type {HTMLElement} */ (document.querySelector("#cancel")).click();
      return {
        hidden: /** @type {HTMLElement} */ (document.querySelector("#progress")).hidden,
        verdict: document.querySelector("[data-verdict]"),
      };
    });
    assert.deepEqual(ended, { hidden: true, verdict: null });
    await give(songs.original, songs.copy);
    assert.notEqual((await report()).verdict, "different");
  });

  test("a bad file is named, and the page stays usable", async () => {
    await give(songs.text, songs.copy);
    await firefox.waitFor("#error:not([hidden])", CHECK_TIMEOUT_MS);
    const error = await firefox.run(() => {
      const { dataset, innerText } = /** @type {HTMLElement} */ (document.querySelector("#error"));
      return { code: dataset["code"], words: innerText };
    });
    assert.equal(error.code, "decode-failed");
    assert.match(error.words, /“text\./);
    await firefox.choose(".zone.left input[type=file]", songs.original);
    await firefox.waitFor("[data-verdict]", CHECK_TIMEOUT_MS);
    const { verdict } = await report();
    assert.notEqual(verdict, "different");
  });
});
