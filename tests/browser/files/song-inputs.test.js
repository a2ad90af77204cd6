/** Songs in every form that a program may have them in, also from other windows. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { before, describe, test } from "node:test";
import { packageInBlankPage } from "../support/blank-page.js";
import { tune, wav } from "../support/inputs/music.js";

describe("song inputs", () => {
  const blank = packageInBlankPage();
  const { run, shared } = blank;
  /** @type {string} */
  let path;

  before(() => {
    path = shared.audio.tune("song.wav", 1, 4);
  });

  /**
   * Analyses songs. Which of them give other bytes than the first?
   * @param {string} songs entries of an object, by name; code that can use `other`, another window,
   *   the WAV file `file` and its bytes, an `ArrayBuffer`
   */
  async function outliers(songs) {
    await blank.page.route("**/song.wav", (route) => route.fulfill({ path }));
    return run(`
      const checker = await soundalike.createChecker({ backend: "cpu" });
      const frame = document.createElement("iframe");
      document.body.append(frame);
      const other = frame.contentWindow;
      const bytes = await (await fetch("/song.wav")).arrayBuffer();
      const file = new File([bytes], "song.wav");
      const songs = { ${songs} };
      const results = {};
      for (const [name, song] of Object.entries(songs)) {
        if (name === "of a window that is closed") frame.remove();
        const { value, message } = await outcome(async () => String((await checker.analyse(song)).toBytes()));
        results[name] = value ?? message;
      }
      const [first] = Object.values(results);
      return Object.entries(results).filter(([, result]) => result !== first || result.length < 1000);`);
  }

  test("the bytes of a file are a file", async () => {
    const differing = await outliers(`
      file,
      "a blob": new Blob([bytes]),
      bytes,
      "a view in the middle": new Uint8Array([1, 2, ...new Uint8Array(bytes), 3]).subarray(2, -1),
      "a DataView": new DataView(bytes),
      "clamped": new Uint8ClampedArray(bytes),
      "shared memory": (() => {
        const { buffer } = new WebAssembly.Memory({ initial: 16, maximum: 16, shared: true });
        new Uint8Array(buffer).set(new Uint8Array(bytes));
        return new Uint8Array(buffer, 0, bytes.byteLength);
      })(),
      "a data: address": "data:audio/wav;base64," +
        btoa(Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join("")),
      "a blob: address": new URL(URL.createObjectURL(file)),`);
    assert.deepEqual(differing, []);
  });

  test("samples of every kind are samples", async () => {
    const differing = await outliers(`
      a,
      "doubles": Float64Array.from(a),
      "an ordinary array": Array.from(a),
      "doubles with their rate": { samples: Float64Array.from(a), sampleRateHz: 44100 },
      "ordinary arrays": { samples: [Array.from(a), a], sampleRateHz: 44100 },
      "like an AudioBuffer": { numberOfChannels: 1, sampleRate: 44100, getChannelData: () => a },`);
    assert.deepEqual(differing, []);
  });

  test("files, bytes and samples of other windows are accepted", async () => {
    const files = await outliers(`
      file,
      "a file": new other.File([bytes], "song.wav"),
      "bytes": other.Uint8Array.from(new Uint8Array(bytes)),
      "an ArrayBuffer": other.Uint8Array.from(new Uint8Array(bytes)).buffer,
      "an address": new other.URL("/song.wav", location.href),
      "of a window that is closed": new other.File([bytes], "song.wav"),`);
    assert.deepEqual(files, []);
    const samples = await outliers(`
      a,
      "samples": other.Float32Array.from(a),
      "samples with their rate": Object.assign(new other.Object(), {
        samples: other.Array.of(other.Float32Array.from(a)), sampleRateHz: 44100,
      }),
      "an AudioBuffer": (() => {
        const buffer = new other.OfflineAudioContext(1, a.length, 44100).createBuffer(1, a.length, 44100);
        buffer.copyToChannel(a, 0);
        return buffer;
      })(),`);
    assert.deepEqual(samples, []);
    const restored = await run(`
      const frame = document.createElement("iframe");
      document.body.append(frame);
      const checker = await soundalike.createChecker({ backend: "cpu" });
      const bytes = frame.contentWindow.Uint8Array.from((await checker.analyse(a)).toBytes());
      return (await checker.restore(bytes)) !== undefined;`);
    assert.equal(restored, true);
  });

  test("what could be samples or bytes is refused with the list of what is taken", async () => {
    const { code, message } = await run(`
      const checker = await soundalike.createChecker({ backend: "cpu" });
      return outcome(() => checker.analyse(new Int16Array(a.length)));`);
    assert.equal(code, "decode-failed");
    assert.match(message, /^A song must be a File.* the bytes of one, .* samples with their rate/);
  });

  test("an address that is content or a random number has a short name", async () => {
    const names = await run(`
      const addresses = ["data:audio/wav;base64,AA/B", new URL("data:,x"), "blob:http://localhost/5", "/a/b%20c.mp3"];
      return addresses.map((address) => new soundalike.Song(address).name);`);
    assert.deepEqual(names, ["song", "song", "song", "b c.mp3"]);
  });

  test("options that are null count as absent", async () => {
    const { value } = await run(`
      return checked({ backend: null, weights: null, assetsUrl: null, cache: null, onProgress: null, signal: null });`);
    assert.equal(value?.verdict, "different");
  });

  test("a file that was changed on disk is named, and not compared as it was", async () => {
    await blank.page.setContent('<input type="file">');
    const changing = shared.audio.tune("changing.wav", 1, 4);
    await blank.page.setInputFiles("input", changing);
    await run(`
      globalThis.checker = await soundalike.createChecker({ backend: "cpu" });
      globalThis.kept = await checker.analyse(document.querySelector("input").files[0]);
      await checker.compare(kept, a);`);
    writeFileSync(changing, wav(tune(7, 4)));
    const changed = await run("return outcome(() => checker.compare(kept, a));");
    assert.deepEqual([changed.code, changed.side], ["decode-failed", "left"], JSON.stringify(changed));
    assert.match(changed.message, /“changing.wav” can’t be read any more: was it moved or changed/);
  });

  /** Code for a file with the content `content`, as Firefox reads files that change. */
  const CHANGING_FILE = `
    const file = new File(["0".repeat(content.size)], "changing.wav");
    file.slice = (...range) => content.slice(...range);`;

  test("a browser that reads the new content of a changed file reads anew", async () => {
    const [first, second] = [1, 7].map((seed) => JSON.stringify([...wav(tune(seed, 4))]));
    const scores = await run(`
      let content = new Blob([new Uint8Array(${first})]);
      ${CHANGING_FILE}
      const checker = await soundalike.createChecker({ backend: "cpu" });
      const kept = new soundalike.Song(file);
      const scores = [(await checker.compare(kept, a)).score, (await checker.compare(kept, a)).score];
      content = new Blob([new Uint8Array(${second})]);
      return [...scores, (await checker.compare(kept, a)).score];`);
    assert.ok(scores[0] > 0.9 && scores[1] === scores[0] && scores[2] < 0.5, String(scores));
  });

  test("a file that changes while it is decoded is named", async () => {
    const bytes = JSON.stringify([...wav(tune(1, 4))]);
    const changed = await run(`
      let content = new Blob([new Uint8Array(${bytes})]);
      ${CHANGING_FILE}
      const checker = await soundalike.createChecker({ backend: "cpu" });
      const original = BaseAudioContext.prototype.decodeAudioData;
      BaseAudioContext.prototype.decodeAudioData = function (...rest) {
        content = new Blob([content.slice(0, 1000), new Uint8Array(content.size - 1000)]);
        return original.apply(this, rest);
      };
      return outcome(() => checker.analyse(file));`);
    assert.match(changed.message, /can’t be read any more/, JSON.stringify(changed));
  });
});
