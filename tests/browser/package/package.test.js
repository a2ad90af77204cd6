/**
 * The package as a programmer uses it: songs of every kind, progress, cancelling, several checkers.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SONG_SECS, packageInBlankPage } from "../support/blank-page.js";

describe("package", () => {
  const blank = packageInBlankPage();
  const { run } = blank;

  test("samples are compared and the caller's arrays stay intact", async () => {
    const { same, other, lengths } = await run(`
      const checker = await soundalike.createChecker({ backend: "cpu" });
      const same = await checker.compare(a, a);
      const other = await checker.compare(a, { samples: [b, b], sampleRateHz: 44100, name: "other" });
      return { same, other, lengths: [a.length, b.length] };`);
    assert.equal(same.verdict, "nearly-identical");
    assert.ok(same.score > 0.99, `score ${same.score}`);
    assert.equal(other.verdict, "different");
    assert.equal(other.right.name, "other");
    assert.ok(Math.abs(same.left.durationSecs - SONG_SECS) < 0.01);
    assert.deepEqual(lengths, [SONG_SECS * 44_100, SONG_SECS * 44_100]);
  });

  test("progress names the stages and never falls", async () => {
    const events = await run(`
      const events = [];
      const checker = await soundalike.createChecker({ backend: "cpu", onProgress: (event) => events.push(event) });
      await checker.compare(a, b, { onProgress: (event) => events.push(event) });
      return events;`);
    const stages = new Set(events.map((/** @type {any} */ event) => event.stage));
    for (const stage of ["load", "decode", "features", "encode", "match"])
      assert.ok(stages.has(stage), `no stage ${stage}`);
    const fractions = events
      .filter((/** @type {any} */ event) => event.stage !== "load")
      .map((/** @type {any} */ event) => event.fraction);
    assert.deepEqual(
      fractions,
      [...fractions].sort((x, y) => x - y),
    );
    assert.ok(fractions.at(-1) > 0.99, `ends at ${fractions.at(-1)}`);
  });

  /** Any whole sentence. */
  const SENTENCE = /^\p{Lu}|^“/u;
  for (const [what, song, code, words = SENTENCE] of /** @type {[string, string, string, RegExp?][]} */ ([
    ["no channels", "{ samples: [], sampleRateHz: 44100 }", "no-audio"],
    ["no samples", "new Float32Array(0)", "no-audio"],
    ["an empty file", "new File([], 'empty.mp3')", "no-audio"],
    ["NaN samples", "a.map((sample, index) => (index === 70000 ? NaN : sample))", "decode-failed"],
    ["infinite samples", "a.map((sample, index) => (index === 70000 ? Infinity : sample))", "decode-failed"],
    ["no sample rate", "{ samples: a }", "decode-failed", /sample rate .* is unknown/],
    ["an impossible sample rate", "{ samples: a, sampleRateHz: 3 }", "decode-failed"],
    ["a negative sample rate", "{ samples: a, sampleRateHz: -44100 }", "decode-failed"],
    [
      "channels of different lengths",
      "{ samples: [a, a.slice(1)], sampleRateHz: 44100 }",
      "decode-failed",
      /differ in length/,
    ],
    ["something that is no song", "42", "decode-failed"],
    ["nothing", "undefined", "decode-failed"],
    ["a missing address", "'/nowhere.mp3'", "decode-failed"],
    ["one second", "a.slice(0, 44100)", "too-short"],
    [
      "a little less than three seconds",
      "a.slice(0, 3 * 44100 - 441)",
      "too-short",
      /lasts just under 3 seconds\. At least 3 seconds/,
    ],
    ["clearly less than three seconds", "a.slice(0, 2.94 * 44100)", "too-short", /lasts 2\.9 seconds\. At least/],
    ["silence", "new Float32Array(10 * 44100)", "silent", /is mostly silence, or too quiet/],
    [
      "a click a second",
      "new Float32Array(10 * 44100).map((_, n) => (n % 44100 < 300 ? 0.5 * Math.sin(n) : 0))",
      "silent",
      /is mostly silence/,
    ],
    ["very quiet music", "a.map((sample) => sample * 1e-4)", "silent", /is mostly silence, or too quiet/],
    [
      "more than 90 minutes",
      "{ samples: new Float32Array(90.4 * 60 * 8000), sampleRateHz: 8000 }",
      "too-long",
      /lasts 91 minutes\. At most 90 minutes/,
    ],
  ])) {
    test(`${what} as the right song: ${code}`, async () => {
      const { bad, good } = await run(`
        const checker = await soundalike.createChecker({ backend: "cpu" });
        const bad = await outcome(() => checker.compare(a, ${song}));
        return { bad, good: await outcome(() => checker.compare(a, b)) };`);
      assert.equal(bad.code, code, JSON.stringify(bad));
      assert.equal(bad.isCheckerError, true);
      assert.equal(bad.side, "right");
      assert.match(bad.message, words, bad.message);
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
      view.setUint16(20, 1, true); view.setUint16(22, 1, true);
      view.setUint32(24, 8000, true); view.setUint32(28, 8000, true);
      view.setUint16(32, 1, true); view.setUint16(34, 8, true); text(36, "data"); view.setUint32(40, bytes, true);
      const file = new File([header, new Uint8Array(bytes).fill(128)], "three-hours.wav");
      let decoded = 0;
      const original = BaseAudioContext.prototype.decodeAudioData;
      BaseAudioContext.prototype.decodeAudioData = function (...rest) { decoded++; return original.apply(this, rest); };
      const checker = await soundalike.createChecker({ backend: "cpu" });
      const { code } = await outcome(() => checker.compare(file, a));
      return { code, decoded };`);
    assert.equal(code, "too-long");
    // The other song consists of samples, so nothing was decoded.
    assert.equal(decoded, 0);
  });

  test("no step of a check waits for a timer, which browsers slow down in hidden tabs", async () => {
    await run(`
      const checker = await soundalike.createChecker({ backend: "cpu" });
      globalThis.setTimeout = globalThis.requestAnimationFrame = globalThis.requestIdleCallback = () => 0;
      // It has so many channels that mixing takes many slices.
      const many = { samples: Array(90).fill(a), sampleRateHz: 44100 };
      checker.compare(many, b).then(({ verdict }) => Object.assign(globalThis, { verdict }));`);
    // Polled from here, because waiting in the page would need its timers.
    const end = Date.now() + 60_000;
    while ((await blank.page.evaluate("globalThis.verdict")) === undefined) {
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
    assert.deepEqual(
      outcomes.map((/** @type {any} */ { code }) => code),
      ["aborted", "aborted"],
    );
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

  test("checkers share a worker; cancelling one check leaves the other", async () => {
    await run(
      `globalThis.checkers = await Promise.all([0, 1].map(() => soundalike.createChecker({ backend: "cpu" })));`,
    );
    assert.equal(blank.page.workers().length, 1);
    const { first, second, third } = await run(`
      const [one, two] = checkers;
      const abort = new AbortController();
      const onProgress = ({ stage }) => stage === "features" && abort.abort();
      const both = [
        outcome(() => one.compare(a, b, { signal: abort.signal, onProgress })),
        outcome(() => two.compare(b, a)),
      ];
      const [first, second] = await Promise.all(both);
      one.close();
      return { first, second, third: await outcome(() => two.compare(a, b)) };`);
    assert.equal(first.code, "aborted");
    assert.ok(second.value, JSON.stringify(second));
    assert.ok(third.value, JSON.stringify(third));
    assert.equal(blank.page.workers().length, 1);
  });

  test("a closed checker frees its worker and refuses checks", async () => {
    const code = await run(`
      const checker = await soundalike.createChecker({ backend: "cpu" });
      const running = outcome(() => checker.compare(a, b));
      checker.close();
      return [(await running).code, (await outcome(() => checker.compare(a, b))).code];`);
    assert.deepEqual(code, ["aborted", "aborted"]);
    await blank.page.waitForTimeout(100);
    assert.equal(blank.page.workers().length, 0);
  });

  for (const stage of ["decode", "features", "encode", "match"]) {
    test(`a check cancelled at the stage “${stage}” ends at once, and finished analyses are kept`, async () => {
      const { cancelled, late, report, analysed } = await run(`
        const checker = await soundalike.createChecker({ backend: "cpu" });
        const songs = [new soundalike.Song(a), new soundalike.Song(b)];
        const abort = new AbortController();
        let late = 0;
        const onProgress = ({ stage }) => abort.signal.aborted ? late++ : stage === "${stage}" && abort.abort();
        const cancelled = await outcome(() => checker.compare(...songs, { signal: abort.signal, onProgress }));
        const analysed = songs.map((song) => song.isAnalysed);
        const stages = [];
        const onStage = ({ stage, side }) => stages.push(side + " " + stage);
        const report = await outcome(() => checker.compare(...songs, { onProgress: onStage }));
        const again = ["left", "right"].map((side) => stages.includes(side + " features"));
        return {
          cancelled, late, report: report.value?.verdict,
          analysed: analysed.map((was, index) => [was, again[index]]),
        };`);
      assert.equal(cancelled.code, "aborted");
      assert.equal(late, 0, "the work went on");
      assert.equal(report, "different");
      for (const [was, isAgain] of analysed) assert.equal(was, !isAgain, JSON.stringify(analysed));
      if (stage === "match")
        assert.deepEqual(analysed, [
          [true, false],
          [true, false],
        ]);
    });
  }

  test(
    "the worker starts from another origin, such as a CDN",
    { skip: Boolean(process.env["SOUNDALIKE_URL"]) },
    async () => {
      // Chromium asks for permission before a page with an unknown address, such as our blank one,
      // reaches a server on this machine.
      await blank.page.context().grantPermissions(["local-network-access"]);
      const cdn = blank.shared.url.replace("localhost", "127.0.0.1");
      const outcome = await run(`
      const { createChecker } = await import("${cdn}pkg/index.js");
      const checker = await createChecker({ backend: "cpu" });
      return outcome(() => checker.compare(a, a));`);
      assert.equal(outcome.value?.verdict, "nearly-identical", JSON.stringify(outcome).slice(0, 300));
    },
  );

  test("a backend that doesn’t exist is a mistake of the program", async () => {
    const mistake = await run(`
      const error = await soundalike.createChecker({ backend: "gpu" }).catch((cause) => cause);
      return [error.name, error.message];`);
    assert.deepEqual(mistake, ["TypeError", "There is no backend “gpu”: choose auto, webgpu or cpu."]);
  });

  test("assetsUrl names the folder with the worker and the wasm", async () => {
    const { found, missing } = await run(`
      const found = await soundalike.createChecker({ backend: "cpu", assetsUrl: "/pkg" });
      const elsewhere = { backend: "cpu", assetsUrl: "/elsewhere/" };
      return { found: found.backend, missing: await outcome(() => soundalike.createChecker(elsewhere)) };`);
    assert.equal(found, "cpu");
    assert.equal(missing.isCheckerError, true);
  });
});
