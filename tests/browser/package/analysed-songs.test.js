/** Songs that are analysed once and kept: by the caller, as bytes, and in a cache. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SONG_SECS, packageInBlankPage } from "../support/blank-page.js";
import { tune, wav } from "../support/inputs/music.js";

describe("analysed songs", () => {
  const blank = packageInBlankPage();
  const { run } = blank;

  test("a song that is kept is analysed once", async () => {
    const { stages, scores } = await run(`
      const checker = await soundalike.createChecker({ backend: "cpu" });
      const kept = new soundalike.Song(a);
      const scores = [(await checker.compare(kept, b)).score];
      const stages = [];
      const onProgress = ({ stage, side }) => stages.push(stage + " " + side);
      scores.push((await checker.compare(kept, b, { onProgress })).score);
      kept.free();
      scores.push((await checker.compare(kept, b)).score);
      return { stages, scores, peaks: kept.peaks.length };`);
    assert.equal(new Set(scores).size, 1, `the same songs scored ${scores}`);
    assert.ok(!stages.some((/** @type {string} */ stage) => stage.endsWith("left")), String(stages));
  });

  test("a song that is compared with several has the same reports as with each of them alone", async () => {
    const { once, many } = await run(`
      const checker = await soundalike.createChecker({ backend: "cpu" });
      // The second one is a part of the first, in other music; on the left, then on the right, too.
      const mixed = a.map((value, index) => (value + b[(index + 44_100) % b.length]) / 2);
      const pairs = [["a", "b"], ["a", "mixed"], ["b", "a"], ["a", "mixed"], ["mixed", "a"]];
      const songs = async () => {
        const made = {};
        for (const [name, samples] of Object.entries({ a, b, mixed }))
          made[name] = await checker.analyse({ samples, sampleRateHz: 44100, name });
        return made;
      };
      const [once, many, kept] = [[], [], await songs()];
      for (const [left, right] of pairs) {
        many.push(JSON.stringify(await checker.compare(kept[left], kept[right])));
        const fresh = await songs();
        once.push(JSON.stringify(await checker.compare(fresh[left], fresh[right])));
      }
      return { once, many };`);
    assert.deepEqual(many, once);
    assert.ok(JSON.parse(many[1]).passages.length > 0, "the mixture isn't found");
  });

  test("a song is analysed, kept as bytes, and compared again without its audio", async () => {
    const { events, ...rest } = await run(`
      const checker = await soundalike.createChecker({ backend: "cpu" });
      const events = [];
      const first = { samples: a, sampleRateHz: 44100, name: "first" };
      const song = await checker.analyse(first, { onProgress: (event) => events.push(event) });
      const fromAudio = await checker.compare(song, b);
      const bytes = song.toBytes();
      checker.close();
      const again = await soundalike.createChecker({ backend: "cpu" });
      const restored = await again.restore(bytes, { name: "first" });
      const fromBytes = await again.compare(restored, b);
      const renamed = await again.compare(await again.restore(bytes, { name: "second" }), restored);
      restored.free();
      return {
        events, isSong: song instanceof soundalike.Song, bytes: bytes.length,
        same: JSON.stringify(fromAudio) === JSON.stringify(fromBytes),
        name: renamed.left.name, score: renamed.score, durations: [song.durationSecs, restored.durationSecs],
        peaks: JSON.stringify(song.peaks) === JSON.stringify(restored.peaks),
        freed: await outcome(() => again.compare(restored, b)),
        early: await outcome(() => new soundalike.Song(a).toBytes()),
      };`);
    assert.deepEqual(
      events
        .map((/** @type {any} */ { stage }) => stage)
        .filter(
          (/** @type {string} */ stage, /** @type {number} */ index, /** @type {string[]} */ all) =>
            stage !== all[index - 1],
        ),
      ["decode", "features", "encode"],
    );
    assert.equal(events.at(-1).fraction, 1);
    assert.equal(rest.isSong, true);
    assert.equal(rest.same, true, "the report from bytes differs");
    assert.equal(rest.peaks, true);
    assert.deepEqual(rest.durations, [SONG_SECS, SONG_SECS]);
    assert.equal(rest.name, "second");
    assert.equal(rest.score, 1);
    assert.ok(rest.bytes > 10_000 && rest.bytes < SONG_SECS * 8_000, `${rest.bytes} bytes`);
    assert.equal(rest.freed.isCheckerError, true, "a song without audio and analysis can't be compared");
    assert.match(rest.early.message, /has not been analysed/);
  });

  test("a song's peaks are the largest magnitudes in equal stretches", async () => {
    const peaks = await run(`
      const checker = await soundalike.createChecker({ backend: "cpu" });
      // The magnitude falls, and no sample is positive. It is longer than one part of an upload.
      const length = 3_000_000;
      const samples = Float32Array.from({ length }, (_, index) => (index / length - 1) * ((index >> 3) % 2));
      const song = await checker.analyse({ samples, sampleRateHz: 44100 });
      return [...song.peaks];`);
    assert.equal(peaks.length, 1500);
    for (const [index, peak] of peaks.entries())
      assert.ok(Math.abs(peak - (1 - index / 1500)) < 1e-3, `peak ${index}: ${peak}`);
  });

  test("damaged or foreign bytes are no song", async () => {
    const restored = await run(`
      const checker = await soundalike.createChecker({ backend: "cpu" });
      const bytes = (await checker.analyse(a)).toBytes();
      const damaged = bytes.slice();
      damaged[1000] ^= 1;
      const wrongCount = bytes.slice();
      wrongCount.fill(255, -12);
      const cut = [bytes.slice(0, -1), bytes.slice(100)];
      const foreign = [new Uint8Array(0), new Uint8Array(5000), "no bytes"];
      const tries = [bytes, damaged, wrongCount, ...cut, ...foreign];
      const restored = [];
      for (const one of tries) restored.push((await checker.restore(one)) !== undefined);
      return restored;`);
    assert.deepEqual(restored, [true, false, false, false, false, false, false, false]);
  });

  test("a cache saves the second analysis of a file; its wrong bytes and errors do no harm", async () => {
    for (const seed of [1, 7])
      await blank.page.route(`**/${seed}.wav`, (route) => route.fulfill({ body: wav(tune(seed, SONG_SECS)) }));
    const { keys, scores, decodes } = await run(`
      const kept = new Map();
      const cache = { get: async (key) => kept.get(key), put: async (key, bytes) => kept.set(key, bytes) };
      const failing = {
        get: async () => { throw new Error("no get"); },
        put: async () => { throw new Error("no put"); },
      };
      const fileAt = async (url) => new File([await (await fetch(url)).blob()], "song.wav");
      const [left, right] = await Promise.all(["/1.wav", "/7.wav"].map(fileAt));
      let decoded = 0;
      const original = BaseAudioContext.prototype.decodeAudioData;
      BaseAudioContext.prototype.decodeAudioData = function (...rest) { decoded++; return original.apply(this, rest); };
      const scores = [];
      const decodes = [];
      const check = async (cache) => {
        const checker = await soundalike.createChecker({ backend: "cpu", cache });
        scores.push((await checker.compare(left, right)).score);
        decodes.push(decoded);
        checker.close();
      };
      await check(cache);
      await check(cache);
      const keys = [...kept.keys()];
      kept.set(keys[0], kept.get(keys[0]).slice(10));
      await check(cache);
      await check(failing);
      return { keys, scores, decodes };`);
    assert.equal(keys.length, 2);
    assert.match(keys[0], /^[0-9a-f]{64} [0-9a-f]{64} cpu$/);
    assert.deepEqual(decodes, [2, 2, 3, 5]);
    assert.equal(new Set(scores).size, 1, String(scores));
  });

  test("a large file’s SHA-256 is computed in a worker, or on the page if none starts", async () => {
    const { expected, beside, onPage } = await run(`
      const subtle = crypto.subtle;
      const original = subtle.digest;
      let digested = 0;
      subtle.digest = function (...rest) { digested++; return original.apply(this, rest); };
      const silence = new Uint8Array(5e6);
      const file = new File([await (await fetch("/example/harbour-lights.mp3")).blob(), silence], "large.mp3");
      const bytes = new Uint8Array(await original.call(subtle, "SHA-256", await file.arrayBuffer()));
      const cache = { get: async () => undefined, put: async () => {} };
      const checker = await soundalike.createChecker({ backend: "cpu", cache });
      const named = async () => {
        const song = await checker.analyse(file);
        const { sha256 } = song;
        song.free();
        return { sha256, digested };
      };
      const beside = await named();
      globalThis.Worker = class { constructor() { throw new Error("no worker"); } };
      const expected = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      return { expected, beside, onPage: await named() };`);
    assert.deepEqual(beside, { sha256: expected, digested: 0 });
    assert.deepEqual(onPage, { sha256: expected, digested: 1 });
    assert.equal(blank.page.workers().length, 1, "the worker that computed it is still there");
  });

  test("a huge file’s SHA-256 is computed part by part", async () => {
    const { expected, sha256, digested, requests } = await run(`
      const { postMessage } = Worker.prototype;
      const requests = [];
      Worker.prototype.postMessage = function (request, ...rest) {
        if (request.type === "digest") requests.push(Boolean(request.engine));
        return postMessage.call(this, request, ...rest);
      };
      const { subtle } = crypto;
      const original = subtle.digest;
      let digested = 0;
      subtle.digest = function (...rest) { digested++; return original.apply(this, rest); };
      const header = new DataView(new ArrayBuffer(44));
      const format = [0x666d7420, 16, 0x00020001, 48e3, 192e3, 0x00100004];
      const words = [0x52494646, 36 + 68e6, 0x57415645, ...format, 0x64617461, 68e6];
      words.forEach((word, index) => header.setUint32(4 * index, word, ![0, 2, 3, 9].includes(index)));
      const file = new File([header, ...Array(68).fill(new Uint8Array(1e6).map((_, index) => index >> 4))], "huge.wav");
      const bytes = new Uint8Array(await original.call(subtle, "SHA-256", await file.arrayBuffer()));
      const cache = { get: async () => undefined, put: async () => {} };
      const checker = await soundalike.createChecker({ backend: "cpu", cache });
      const { sha256 } = await checker.analyse(file);
      const expected = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      return { expected, sha256, digested, requests };`);
    assert.equal(sha256, expected);
    assert.deepEqual({ digested, requests }, { digested: 0, requests: [true] });
  });

  test("SongCache stores bytes across pages, deletes the oldest beyond its limit, and can be cleared", async () => {
    await run(`
      const cache = new soundalike.SongCache({ name: "test", maxBytes: 250 });
      for (const key of ["one", "two"]) {
        await cache.put(key, new Uint8Array(100).fill(key.length));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await cache.get("one");
      await new Promise((resolve) => setTimeout(resolve, 5));
      await cache.put("three", new Uint8Array(100));`);
    await blank.page.reload();
    const { lengths, size, cleared } = await run(`
      const { SongCache } = await import(String("/pkg/index.js"));
      const cache = new SongCache({ name: "test", maxBytes: 250 });
      const lengths = [];
      for (const key of ["one", "two", "three", "four"]) lengths.push((await cache.get(key))?.length);
      const size = await cache.size();
      await cache.clear();
      return { lengths, size, cleared: [await cache.size(), await cache.get("one")] };`);
    assert.deepEqual(lengths, [100, undefined, 100, undefined], "the one that was used longest ago is gone");
    assert.deepEqual(size, { songs: 2, bytes: 200, lasting: true });
    assert.deepEqual(cleared, [{ songs: 0, bytes: 0, lasting: true }, undefined]);
  });
});
