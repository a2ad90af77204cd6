/** The package as a programmer uses it, and what it does when things go wrong. */

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { launchChromium, serveSite } from "./harness.js";
import { tune } from "./music.js";

describe("package", () => {
  const songs = { a: tune(1, 12), b: tune(7, 12) };
  /** @type {Awaited<ReturnType<typeof serveSite>>} */
  let site;
  /** @type {import("playwright-core").Browser} */
  let browser;
  /** @type {import("playwright-core").Page} */
  let page;

  before(async () => {
    site = await serveSite();
    browser = await launchChromium();
  });

  after(async () => {
    await browser?.close();
    site?.close();
  });

  beforeEach(async () => {
    page = await browser.newPage();
    // Any page of the origin will do, but not one that loads the engine itself.
    await page.route("**/blank.html", (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html><title>blank</title>" }));
    await page.goto(`${site.url}blank.html`);
    await page.route("**/*.f32", (route) => {
      const samples = route.request().url().endsWith("/a.f32") ? songs.a : songs.b;
      return route.fulfill({ contentType: "application/octet-stream", body: Buffer.from(samples.buffer) });
    });
    await page.evaluate(async () => {
      const soundalike = await import(String("/pkg/index.js"));
      /** What an attempt came to: the error's code and kind, or the value. @param {() => Promise<any>} attempt */
      const outcome = async (attempt) => {
        try {
          return { value: await attempt() };
        } catch (error) {
          return { code: error.code, side: error.side, message: error.message, isCheckerError: error instanceof soundalike.CheckerError };
        }
      };
      const [a, b] = await Promise.all(["/a.f32", "/b.f32"].map(async (url) => new Float32Array(await (await fetch(url)).arrayBuffer())));
      Object.assign(globalThis, { soundalike, outcome, a, b });
    });
  });

  afterEach(() => page.close());

  /** Runs code in the page, with `soundalike`, `outcome` and the songs `a` and `b` at hand. @param {string} code */
  const run = (code) => /** @type {Promise<any>} */ (page.evaluate(`(async () => { ${code} })()`));

  test("samples are compared and the caller's arrays stay whole", async () => {
    const { same, other, lengths } = await run(`
      const checker = await soundalike.createChecker({ backend: "cpu" });
      const same = await checker.compare(a, a);
      const other = await checker.compare(a, { samples: [b, b], sampleRateHz: 44100, name: "other" });
      return { same, other, lengths: [a.length, b.length] };`);
    assert.equal(same.verdict, "nearly-identical");
    assert.ok(same.score > 0.99, `score ${same.score}`);
    assert.equal(other.verdict, "different");
    assert.equal(other.right.name, "other");
    assert.ok(Math.abs(same.left.durationSecs - 12) < 0.01);
    assert.deepEqual(lengths, [12 * 44_100, 12 * 44_100]);
  });

  test("progress names the stages and only grows", async () => {
    const events = await run(`
      const events = [];
      const checker = await soundalike.createChecker({ backend: "cpu", onProgress: (event) => events.push(event) });
      await checker.compare(a, b, { onProgress: (event) => events.push(event) });
      return events;`);
    const stages = new Set(events.map((/** @type {any} */ event) => event.stage));
    for (const stage of ["load", "decode", "features", "encode", "match"]) assert.ok(stages.has(stage), `no stage ${stage}`);
    const fractions = events.filter((/** @type {any} */ event) => event.stage !== "load").map((/** @type {any} */ event) => event.fraction);
    assert.deepEqual(fractions, [...fractions].sort((x, y) => x - y));
    assert.ok(fractions.at(-1) > 0.99, `ends at ${fractions.at(-1)}`);
  });

  for (const [what, song, code] of [
    ["no channels", "{ samples: [], sampleRateHz: 44100 }", "no-audio"],
    ["no samples", "new Float32Array(0)", "no-audio"],
    ["an empty file", "new File([], 'empty.mp3')", "no-audio"],
    ["NaN samples", "a.map((sample, index) => (index === 70000 ? NaN : sample))", "decode-failed"],
    ["infinite samples", "a.map((sample, index) => (index === 70000 ? Infinity : sample))", "decode-failed"],
    ["no sample rate", "{ samples: a }", "decode-failed"],
    ["an impossible sample rate", "{ samples: a, sampleRateHz: 3 }", "decode-failed"],
    ["a negative sample rate", "{ samples: a, sampleRateHz: -44100 }", "decode-failed"],
    ["channels of different lengths", "{ samples: [a, a.slice(1)], sampleRateHz: 44100 }", "decode-failed"],
    ["something that is no song", "42", "decode-failed"],
    ["nothing", "undefined", "decode-failed"],
    ["a missing address", "'/nowhere.mp3'", "decode-failed"],
    ["one second", "a.slice(0, 44100)", "too-short"],
    ["silence", "new Float32Array(10 * 44100)", "silent"],
    ["more than 90 minutes", "{ samples: new Float32Array(91 * 60 * 8000), sampleRateHz: 8000 }", "too-long"],
  ]) {
    test(`${what} as the right song: ${code}`, async () => {
      const { bad, good } = await run(`
        const checker = await soundalike.createChecker({ backend: "cpu" });
        const bad = await outcome(() => checker.compare(a, ${song}));
        return { bad, good: await outcome(() => checker.compare(a, b)) };`);
      assert.equal(bad.code, code, JSON.stringify(bad));
      assert.equal(bad.isCheckerError, true);
      assert.equal(bad.side, "right");
      assert.match(bad.message, /^\p{Lu}|^“/u, "a sentence");
      assert.ok(good.value, `the next check: ${JSON.stringify(good)}`);
    });
  }

  test("a recording of three hours is refused before it is decoded", async () => {
    const { code, decoded } = await run(`
      const header = new Uint8Array(44);
      const view = new DataView(header.buffer);
      const bytes = 3 * 3600 * 8000;
      const text = (at, chars) => [...chars].forEach((char, index) => view.setUint8(at + index, char.charCodeAt(0)));
      text(0, "RIFF"); view.setUint32(4, 36 + bytes, true); text(8, "WAVEfmt "); view.setUint32(16, 16, true);
      view.setUint16(20, 1, true); view.setUint16(22, 1, true); view.setUint32(24, 8000, true); view.setUint32(28, 8000, true);
      view.setUint16(32, 1, true); view.setUint16(34, 8, true); text(36, "data"); view.setUint32(40, bytes, true);
      const file = new File([header, new Uint8Array(bytes).fill(128)], "three-hours.wav");
      let decoded = 0;
      const original = BaseAudioContext.prototype.decodeAudioData;
      BaseAudioContext.prototype.decodeAudioData = function (...rest) { decoded++; return original.apply(this, rest); };
      const checker = await soundalike.createChecker({ backend: "cpu" });
      const { code } = await outcome(() => checker.compare(file, a));
      return { code, decoded };`);
    assert.equal(code, "too-long");
    // The other song is samples already, so nothing at all was decoded.
    assert.equal(decoded, 0);
  });

  test("no step of a check waits for a timer, which browsers slow down in hidden tabs", async () => {
    await run(`
      const checker = await soundalike.createChecker({ backend: "cpu" });
      globalThis.setTimeout = globalThis.requestAnimationFrame = globalThis.requestIdleCallback = () => 0;
      // Long enough, by its channels, for its mixing to take many slices.
      checker.compare({ samples: Array(60).fill(a), sampleRateHz: 44100 }, b).then(({ verdict }) => Object.assign(globalThis, { verdict }));`);
    // Asked from here, as waiting in the page needs its timers.
    const end = Date.now() + 60_000;
    while ((await page.evaluate("globalThis.verdict")) === undefined) {
      assert.ok(Date.now() < end, "the check waits for a timer");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  });

  test("a signal that has aborted already stops everything", async () => {
    const outcomes = await run(`
      const signal = AbortSignal.abort();
      const made = await outcome(() => soundalike.createChecker({ backend: "cpu", signal }));
      const checker = await soundalike.createChecker({ backend: "cpu" });
      return [made, await outcome(() => checker.compare(a, b, { signal }))];`);
    assert.deepEqual(outcomes.map((/** @type {any} */ { code }) => code), ["aborted", "aborted"]);
  });

  test("a check aborted in the middle ends, and the next one works", async () => {
    const { cancelled, late, good } = await run(`
      const checker = await soundalike.createChecker({ backend: "cpu" });
      const abort = new AbortController();
      let late = 0;
      const cancelled = await outcome(() => checker.compare(a, b, {
        signal: abort.signal,
        onProgress: ({ stage }) => abort.signal.aborted ? late++ : stage === "features" && abort.abort(),
      }));
      return { cancelled, good: await outcome(() => checker.compare(a, b)), late };`);
    assert.equal(cancelled.code, "aborted");
    assert.equal(late, 0, "the work went on");
    assert.ok(good.value, JSON.stringify(good));
  });

  test("checkers share a worker; one check's end is not the other's", async () => {
    await run(`globalThis.checkers = await Promise.all([0, 1].map(() => soundalike.createChecker({ backend: "cpu" })));`);
    assert.equal(page.workers().length, 1);
    const { first, second, third } = await run(`
      const [one, two] = checkers;
      const abort = new AbortController();
      const both = [
        outcome(() => one.compare(a, b, { signal: abort.signal, onProgress: ({ stage }) => stage === "features" && abort.abort() })),
        outcome(() => two.compare(b, a)),
      ];
      const [first, second] = await Promise.all(both);
      one.close();
      return { first, second, third: await outcome(() => two.compare(a, b)) };`);
    assert.equal(first.code, "aborted");
    assert.ok(second.value, JSON.stringify(second));
    assert.ok(third.value, JSON.stringify(third));
    assert.equal(page.workers().length, 1);
  });

  test("a closed checker lets go of its worker and refuses checks", async () => {
    const code = await run(`
      const checker = await soundalike.createChecker({ backend: "cpu" });
      const running = outcome(() => checker.compare(a, b));
      checker.close();
      return [(await running).code, (await outcome(() => checker.compare(a, b))).code];`);
    assert.deepEqual(code, ["aborted", "aborted"]);
    await page.waitForTimeout(100);
    assert.equal(page.workers().length, 0);
  });

  test("a song that is kept is analysed once", async () => {
    const { stages, scores } = await run(`
      const checker = await soundalike.createChecker({ backend: "cpu" });
      const kept = new soundalike.Song(a);
      const scores = [(await checker.compare(kept, b)).score];
      const stages = [];
      scores.push((await checker.compare(kept, b, { onProgress: ({ stage, side }) => stages.push(stage + " " + side) })).score);
      kept.free();
      scores.push((await checker.compare(kept, b)).score);
      return { stages, scores, peaks: kept.peaks.length };`);
    assert.equal(new Set(scores).size, 1, `the same songs scored ${scores}`);
    assert.ok(!stages.some((/** @type {string} */ stage) => stage.endsWith("left")), String(stages));
  });

  test("a song is analysed, kept as bytes, and compared again without its audio", async () => {
    const { events, ...rest } = await run(`
      const checker = await soundalike.createChecker({ backend: "cpu" });
      const events = [];
      const song = await checker.analyse({ samples: a, sampleRateHz: 44100, name: "first" }, { onProgress: (event) => events.push(event) });
      const fromAudio = await checker.compare(song, b);
      const bytes = song.toBytes();
      checker.close();
      const again = await soundalike.createChecker({ backend: "cpu" });
      const restored = await again.restore(bytes, { name: "first" });
      const fromBytes = await again.compare(restored, b);
      const renamed = await again.compare(await again.restore(bytes, { name: "second" }), restored);
      restored.free();
      return {
        events, isSong: song instanceof soundalike.Song, same: JSON.stringify(fromAudio) === JSON.stringify(fromBytes), bytes: bytes.length,
        name: renamed.left.name, score: renamed.score, durations: [song.durationSecs, restored.durationSecs],
        peaks: JSON.stringify(song.peaks) === JSON.stringify(restored.peaks),
        freed: await outcome(() => again.compare(restored, b)),
        early: await outcome(() => new soundalike.Song(a).toBytes()),
      };`);
    assert.deepEqual(events.map((/** @type {any} */ { stage }) => stage).filter((/** @type {string} */ stage, /** @type {number} */ index, /** @type {string[]} */ all) => stage !== all[index - 1]), ["decode", "features", "encode"]);
    assert.equal(events.at(-1).fraction, 1);
    assert.equal(rest.isSong, true);
    assert.equal(rest.same, true, "the report from bytes differs");
    assert.equal(rest.peaks, true);
    assert.deepEqual(rest.durations, [12, 12]);
    assert.equal(rest.name, "second");
    assert.equal(rest.score, 1);
    assert.ok(rest.bytes > 10_000 && rest.bytes < 12 * 8_000, `${rest.bytes} bytes`);
    assert.equal(rest.freed.isCheckerError, true, "a song without audio and analysis can't be compared");
    assert.match(rest.early.message, /has not been analysed/);
  });

  test("bytes that are damaged or none of ours are no song", async () => {
    const restored = await run(`
      const checker = await soundalike.createChecker({ backend: "cpu" });
      const bytes = (await checker.analyse(a)).toBytes();
      const damaged = bytes.slice();
      damaged[1000] ^= 1;
      const wrongCount = bytes.slice();
      wrongCount.fill(255, -12);
      const tries = [bytes, damaged, wrongCount, bytes.slice(0, -1), bytes.slice(100), new Uint8Array(0), new Uint8Array(5000), "no bytes"];
      const restored = [];
      for (const one of tries) restored.push((await checker.restore(one)) !== undefined);
      return restored;`);
    assert.deepEqual(restored, [true, false, false, false, false, false, false, false]);
  });

  test("a cache spares the second analysis of a file; what it holds wrongly or fails at does no harm", async () => {
    const { keys, scores, decodes } = await run(`
      const kept = new Map();
      const cache = { get: async (key) => kept.get(key), put: async (key, bytes) => kept.set(key, bytes) };
      const failing = { get: async () => { throw new Error("no get"); }, put: async () => { throw new Error("no put"); } };
      const wav = (samples) => {
        const file = new DataView(new ArrayBuffer(44 + 2 * samples.length));
        const text = (at, chars) => [...chars].forEach((char, index) => file.setUint8(at + index, char.charCodeAt(0)));
        text(0, "RIFF"); file.setUint32(4, 36 + 2 * samples.length, true); text(8, "WAVEfmt "); file.setUint32(16, 16, true);
        file.setUint16(20, 1, true); file.setUint16(22, 1, true); file.setUint32(24, 44100, true); file.setUint32(28, 88200, true);
        file.setUint16(32, 2, true); file.setUint16(34, 16, true); text(36, "data"); file.setUint32(40, 2 * samples.length, true);
        samples.forEach((sample, index) => file.setInt16(44 + 2 * index, sample * 32767, true));
        return new File([file], "song.wav");
      };
      const [left, right] = [wav(a), wav(b)];
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

  test("a large file’s SHA-256 is computed beside the page, or on it where no further worker starts", async () => {
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
      return { expected: [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(""), beside, onPage: await named() };`);
    assert.deepEqual(beside, { sha256: expected, digested: 0 });
    assert.deepEqual(onPage, { sha256: expected, digested: 1 });
    assert.equal(page.workers().length, 1, "the worker that computed it is still there");
  });

  test("SongCache keeps bytes across pages of the site, drops the oldest beyond its limit, and forgets when told", async () => {
    await run(`
      const cache = new soundalike.SongCache({ name: "test", maxBytes: 250 });
      for (const key of ["one", "two"]) {
        await cache.put(key, new Uint8Array(100).fill(key.length));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await cache.get("one");
      await new Promise((resolve) => setTimeout(resolve, 5));
      await cache.put("three", new Uint8Array(100));`);
    await page.reload();
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

  for (const stage of ["decode", "features", "encode", "match"]) {
    test(`a check that is cancelled at the stage “${stage}” ends at once, and what was analysed need not be again`, async () => {
      const { cancelled, late, report, analysed } = await run(`
        const checker = await soundalike.createChecker({ backend: "cpu" });
        const songs = [new soundalike.Song(a), new soundalike.Song(b)];
        const abort = new AbortController();
        let late = 0;
        const onProgress = ({ stage }) => abort.signal.aborted ? late++ : stage === "${stage}" && abort.abort();
        const cancelled = await outcome(() => checker.compare(...songs, { signal: abort.signal, onProgress }));
        const analysed = songs.map((song) => song.isAnalysed);
        const stages = [];
        const report = await outcome(() => checker.compare(...songs, { onProgress: ({ stage, side }) => stages.push(side + " " + stage) }));
        return { cancelled, late, report: report.value?.verdict, analysed: analysed.map((was, index) => [was, stages.includes(["left", "right"][index] + " features")]) };`);
      assert.equal(cancelled.code, "aborted");
      assert.equal(late, 0, "the work went on");
      assert.equal(report, "different");
      for (const [was, isAgain] of analysed) assert.equal(was, !isAgain, JSON.stringify(analysed));
      if (stage === "match") assert.deepEqual(analysed, [[true, false], [true, false]]);
    });
  }

  test("weights that can't be fetched are an error, and are asked for again", async () => {
    await page.route("**/weights.safetensors", (route) => route.fulfill({ status: 503 }));
    const code = await run(`return (await outcome(() => soundalike.createChecker({ backend: "cpu" }))).code;`);
    assert.equal(code, "weights-invalid");
    await page.unroute("**/weights.safetensors");
    const backend = await run(`return (await soundalike.createChecker({ backend: "cpu" })).backend;`);
    assert.equal(backend, "cpu");
  });

  test("foreign and damaged weights are refused", async () => {
    const codes = await run(`
      const good = new Uint8Array(await (await fetch("/pkg/wasm/weights.safetensors")).arrayBuffer());
      const damaged = good.slice();
      damaged[damaged.length >> 1] ^= 255;
      const tries = [new Uint8Array(0), new TextEncoder().encode("no weights at all"), good.slice(0, good.length / 2), damaged];
      const codes = [];
      for (const weights of tries) codes.push((await outcome(() => soundalike.createChecker({ backend: "cpu", weights }))).code);
      codes.push((await soundalike.createChecker({ backend: "cpu", weights: good })).backend);
      return codes;`);
    assert.deepEqual(codes, ["weights-invalid", "weights-invalid", "weights-invalid", "weights-invalid", "cpu"]);
  });

  test("from another origin, as from a CDN, the worker starts all the same", { skip: Boolean(process.env["SOUNDALIKE_URL"]) }, async () => {
    // Chromium asks before a page whose address it doesn't know, such as our blank one, reaches a server on this machine.
    await page.context().grantPermissions(["local-network-access"]);
    const cdn = site.url.replace("localhost", "127.0.0.1");
    const outcome = await run(`
      const { createChecker } = await import("${cdn}pkg/index.js");
      const checker = await createChecker({ backend: "cpu" });
      return outcome(() => checker.compare(a, a));`);
    assert.equal(outcome.value?.verdict, "nearly-identical", JSON.stringify(outcome).slice(0, 300));
  });

  test("assetsUrl names the folder with the worker and the wasm", async () => {
    const { found, missing } = await run(`
      const found = await soundalike.createChecker({ backend: "cpu", assetsUrl: "/pkg" });
      return { found: found.backend, missing: await outcome(() => soundalike.createChecker({ backend: "cpu", assetsUrl: "/elsewhere/" })) };`);
    assert.equal(found, "cpu");
    assert.equal(missing.isCheckerError, true);
  });

  test("a trap of the engine is a crash, and the next check starts afresh", async () => {
    await page.route("**/wasm/cpu/soundalike.js", (route) => route.fulfill({ contentType: "text/javascript", body: failingEngine("cpu", "throw trap") }));
    const crashed = await run(`
      globalThis.checker = await soundalike.createChecker({ backend: "cpu" });
      return outcome(() => checker.compare(a, b));`);
    assert.equal(crashed.code, "crashed", JSON.stringify(crashed));
    await page.unroute("**/wasm/cpu/soundalike.js");
    const next = await run(`return outcome(() => checker.compare(a, b));`);
    assert.ok(next.value, JSON.stringify(next));
  });

  test("webgpu that can't be had is unsupported when insisted on, and auto goes without", async () => {
    const { insisted, auto } = await run(`
      return {
        insisted: await outcome(() => soundalike.createChecker({ backend: "webgpu" })),
        auto: (await soundalike.createChecker()).backend,
      };`);
    assert.equal(insisted.code, "unsupported-browser", JSON.stringify(insisted));
    assert.equal(auto, "cpu");
  });

  for (const [when, failure] of /** @type {const} */ ([
    ["throws in the middle of a check", "throw trap"],
    ["traps outside the call, whose promise then never settles", "queueMicrotask(() => { throw trap }); return new Promise(() => {})"],
    ["reports that its device is lost", 'throw Object.assign(new Error("device lost"), { code: "backend-unavailable" })'],
  ])) {
    test(`WebGPU that ${when}: the CPU finishes the check`, async () => {
      await page.route("**/wasm/webgpu/soundalike.js", (route) => route.fulfill({ contentType: "text/javascript", body: failingEngine("webgpu", failure) }));
      const { before, after, report } = await run(`
        // A hardware adapter, as far as the loader can see.
        const gpu = { requestAdapter: async () => ({ info: { isFallbackAdapter: false } }) };
        Object.defineProperty(navigator, "gpu", { value: gpu, configurable: true });
        const checker = await soundalike.createChecker();
        const before = checker.backend;
        const report = await outcome(() => checker.compare(a, b));
        return { before, after: checker.backend, report };`);
      assert.equal(before, "webgpu");
      assert.ok(report.value, JSON.stringify(report));
      assert.equal(report.value.backend, "cpu");
      assert.equal(after, "cpu");
    });
  }
});

/** The glue of an engine that starts and then fails at its first song. @param {string} backend @param {string} failure */
function failingEngine(backend, failure) {
  return `
    export default async function init() {}
    export const limits = () => ({ decodeRateHz: 44100, minSongSecs: 3, maxSongSecs: 5400 });
    export class Checker {
      backend = "${backend}";
      static async create() { return new Checker(); }
      async analyse() { const trap = new WebAssembly.RuntimeError("unreachable"); ${failure}; }
    }`;
}
