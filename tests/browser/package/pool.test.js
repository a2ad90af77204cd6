/** Several workers: for many songs at once, and for the two songs of a check. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { packageInBlankPage } from "../support/blank-page.js";

describe("worker pool", () => {
  const blank = packageInBlankPage();
  const { run } = blank;

  /** Code for four songs of a minute, at a low rate. */
  const LONG_SONGS = `
    const long = [a, b, a.toReversed(), b.toReversed()].map((song, index) => ({
      name: String(index),
      sampleRateHz: 8000,
      samples: Float32Array.from({ length: 60 * 8000 }, (_, at) => song[at % song.length]),
    }));`;

  /** @param {string} options of the checker @param {string} code */
  const withChecker = (options, code) =>
    run(`
    ${LONG_SONGS}
    const checker = await soundalike.createChecker({ backend: "cpu", ${options} });
    ${code}`);

  test("songs at once use several workers, with one download, the same reports and the order kept", async () => {
    const downloads = /** @type {string[]} */ ([]);
    blank.page.on("request", (request) => /\.(wasm|safetensors)$/.test(request.url()) && downloads.push(request.url()));
    const all = `
      const mine = await checker.analyse(long[0]);
      const reports = await Promise.all(long.map((song) => checker.compare(mine, song)));
      return { reports: reports.map((report) => JSON.stringify(report)), concurrency: checker.concurrency };`;
    const several = await withChecker("workers: 2", all);
    assert.equal(blank.page.workers().length, 2);
    const one = await withChecker("workers: 1", all);
    assert.equal(blank.page.workers().length, 3, "a checker of one worker started another");
    assert.deepEqual(several.reports, one.reports);
    assert.deepEqual(
      one.reports.map((/** @type {string} */ report) => JSON.parse(report).right.name),
      ["0", "1", "2", "3"],
    );
    assert.deepEqual([several.concurrency, one.concurrency], [3, 2]);
    assert.equal(downloads.length, 2, String(downloads));
  });

  test("the two songs of a check are analysed by two workers, and the second one ends when it is idle", async () => {
    const analysing = await run(`
      const { setTimeout } = globalThis;
      const idle = [];
      globalThis.setTimeout = (work, ms, ...rest) => (ms === 20_000 ? idle.push(work) : setTimeout(work, ms, ...rest));
      globalThis.checker = await soundalike.createChecker({ backend: "cpu", workers: 2 });
      const { postMessage } = Worker.prototype;
      const analysing = new Set();
      Worker.prototype.postMessage = function (request, ...rest) {
        if (request.type === "analyse") analysing.add(this);
        return postMessage.call(this, request, ...rest);
      };
      const minutes = [a, b].map((song) =>
        Float32Array.from({ length: 75 * 44100 }, (_, at) => song[at % song.length]));
      await checker.compare(...minutes);
      // As if the time had passed.
      idle.at(-1)();
      return analysing.size;`);
    assert.equal(analysing, 2);
    const end = Date.now() + 10_000;
    while (blank.page.workers().length > 1) {
      assert.ok(Date.now() < end, "the second worker is still there");
      await blank.page.waitForTimeout(50);
    }
    const { value } = await run("return outcome(async () => (await checker.compare(a, a)).verdict);");
    assert.equal(value, "nearly-identical");
  });

  test("short songs start no second worker", async () => {
    await withChecker("", "await Promise.all([0, 1, 2].map(() => checker.compare(a, b)));");
    assert.equal(blank.page.workers().length, 1);
  });

  test("many checks that are cancelled end at once, and the next ones work", async () => {
    const { codes, late, next } = await withChecker(
      "workers: 2",
      `
      const abort = new AbortController();
      let late = 0;
      const onProgress = ({ stage }) => {
        if (abort.signal.aborted) late++;
        else if (stage === "encode") abort.abort();
      };
      const checks = [...long, ...long].map((song) =>
        outcome(() => checker.compare(long[0], song, { signal: abort.signal, onProgress })));
      const codes = (await Promise.all(checks)).map(({ code }) => code);
      const self = (song) => outcome(async () => (await checker.compare(song, song)).score);
      const next = await Promise.all(long.map(self));
      return { codes, late, next };`,
    );
    assert.deepEqual(codes, Array(8).fill("aborted"));
    assert.equal(late, 0, "the work went on");
    assert.deepEqual(next, Array(4).fill({ value: 1 }));
  });

  for (const [what, fault, mostFailed] of /** @type {const} */ ([
    [
      "that is killed takes only its own songs along",
      "if (this === second && request.type === 'analyse') this.onerror(new ErrorEvent('error'));",
      2,
    ],
    [
      "that does not start leaves the work to the first",
      "if (request.type === 'start') return setTimeout(() => this.onerror(new ErrorEvent('error')), 100);",
      0,
    ],
  ])) {
    test(`a second worker ${what}`, async () => {
      const outcomes = await withChecker(
        "workers: 2",
        `
        const { postMessage } = Worker.prototype;
        let second;
        Worker.prototype.postMessage = function (request, ...rest) {
          if (request.type === "start") second ??= this;
          ${fault}
          return postMessage.call(this, request, ...rest);
        };
        return Promise.all(long.map((song) => outcome(async () => (await checker.compare(song, song)).score)));`,
      );
      const failed = outcomes.filter((/** @type {any} */ { value }) => value !== 1);
      assert.ok(failed.length <= mostFailed, JSON.stringify(outcomes));
      assert.ok(
        failed.every((/** @type {any} */ { code }) => code === "crashed"),
        JSON.stringify(outcomes),
      );
    });
  }
});
