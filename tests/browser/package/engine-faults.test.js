/**
 * Faults of the engine, each injected where it occurs: the check ends with one clear error, and the
 * next one works. Other suites test other faults:
 *
 * | fault | suite |
 * |---|---|
 * | WebGPU | `webgpu-faults.test.js` |
 * | as a visitor sees it | `page-faults.test.js`, `bad-input.test.js` |
 * | input | `package.test.js`, `hostile.test.js` |
 * | cancelling at every stage | `package.test.js` |
 * | storage | `analysed-songs.test.js`, `kept-songs.test.js` |
 */

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { describe, test } from "node:test";
import { GOOD, assertError, packageInBlankPage } from "../support/blank-page.js";
import { DIES, brokenEngine } from "../support/inputs/broken-engines.js";
import { tune, wav } from "../support/inputs/music.js";
import { resealed } from "../support/inputs/weights-file.js";

const WEIGHTS = "pkg/wasm/weights.safetensors";
/** A valid module with an import that doesn't exist: `(module (import "m" "f" (func)))`. */
const FOREIGN_MODULE = Buffer.from([0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 2, 7, 1, 1, 109, 1, 102, 0, 0]);

describe("faults of the engine", () => {
  const blank = packageInBlankPage();
  const { run } = blank;

  test("a self-test that also fails on the CPU is reported, and the right weights work afterwards", async () => {
    const otherAnswer = resealed(await blank.fileOfSite(WEIGHTS), (info) => info.golden_embedding.reverse());
    await blank.page.route("**/other-answer.safetensors", (route) => route.fulfill({ body: otherAnswer }));
    const { failed, next } = await run(`
      const failed = await checked({ backend: "cpu", weights: "/other-answer.safetensors" });
      return { failed, next: await checked({}) };`);
    assertError(failed, "unsupported-browser", /self-test fails/);
    assert.deepEqual(next, GOOD);
  });

  for (const [what, answer] of /** @type {const} */ ([
    [
      "is cut short",
      (/** @type {Buffer} */ module) => ({
        contentType: "application/wasm",
        body: module.subarray(0, module.length / 3),
      }),
    ],
    [
      "is cut short, from a host that knows no media types",
      (/** @type {Buffer} */ module) => ({
        contentType: "application/octet-stream",
        body: module.subarray(0, module.length / 3),
      }),
    ],
    ["is a page in its place", () => ({ contentType: "text/html", body: "<!doctype html><title>Not here</title>" })],
    ["needs what the glue does not give", () => ({ contentType: "application/wasm", body: FOREIGN_MODULE })],
  ])) {
    test(`wasm that ${what}: one error, and the next check loads it again`, async () => {
      const module = await blank.fileOfSite("pkg/wasm/cpu/soundalike_bg.wasm");
      await blank.page.route("**/wasm/cpu/soundalike_bg.wasm", (route) => route.fulfill(answer(module)));
      const failed = await run(`return checked({ backend: "cpu" });`);
      assertError(
        failed,
        "crashed",
        answer(module).body === FOREIGN_MODULE ? /stopped unexpectedly/ : /file is damaged/,
      );
      await blank.page.unroute("**/wasm/cpu/soundalike_bg.wasm");
      // A module that compiles is kept. A new page fetches it again.
      if (answer(module).body === FOREIGN_MODULE) await blank.renew();
      assert.deepEqual(await run(`return checked({ backend: "cpu" });`), GOOD);
    });
  }

  for (const [what, change] of /** @type {const} */ ([
    ["are not found", undefined],
    ["are cut short", (/** @type {Buffer} */ weights) => weights.subarray(0, weights.length - 1)],
    [
      "have one wrong bit",
      (/** @type {Buffer} */ weights) => weights.map((byte, index) => (index === 300_000 ? byte ^ 1 : byte)),
    ],
    ["are of another version", (/** @type {Buffer} */ weights) => resealed(weights, (info) => (info.format += 1))],
    [
      "want other features",
      (/** @type {Buffer} */ weights) => resealed(weights, (info) => (info.features.hop_samples = 256)),
    ],
  ])) {
    test(`weights that ${what}: one error, and the next check loads them again`, async () => {
      const weights = await blank.fileOfSite(WEIGHTS);
      await blank.page.route("**/weights.safetensors", (route) =>
        route.fulfill(change ? { body: Buffer.from(change(weights)) } : { status: 404 }),
      );
      const failed = await run(`return checked({ backend: "cpu" });`);
      assertError(failed, "weights-invalid", change ? /damaged or belong to another version/ : /answered 404/);
      await blank.page.unroute("**/weights.safetensors");
      assert.deepEqual(await run(`return checked({ backend: "cpu" });`), GOOD);
    });
  }

  test("weights that can't be fetched are an error, and are fetched again", async () => {
    await blank.page.route("**/weights.safetensors", (route) => route.fulfill({ status: 503 }));
    const code = await run(`return (await outcome(() => soundalike.createChecker({ backend: "cpu" }))).code;`);
    assert.equal(code, "weights-invalid");
    await blank.page.unroute("**/weights.safetensors");
    const backend = await run(`return (await soundalike.createChecker({ backend: "cpu" })).backend;`);
    assert.equal(backend, "cpu");
  });

  test("foreign and damaged weights are refused", async () => {
    const { failed, backend } = await run(`
      const good = new Uint8Array(await (await fetch("/pkg/wasm/weights.safetensors")).arrayBuffer());
      const damaged = good.slice();
      damaged[damaged.length >> 1] ^= 255;
      const foreign = [new Uint8Array(0), new TextEncoder().encode("no weights at all")];
      const tries = [...foreign, good.slice(0, good.length / 2), damaged];
      const failed = [];
      for (const weights of tries)
        failed.push(await outcome(() => soundalike.createChecker({ backend: "cpu", weights })));
      return { failed, backend: (await soundalike.createChecker({ backend: "cpu", weights: good })).backend };`);
    assert.equal(failed.length, 4);
    for (const outcome of failed) assertError(outcome, "weights-invalid", /damaged or belong to another version/);
    assert.equal(backend, "cpu");
  });

  test("weights that are damaged in the browser's cache are fetched from the network", async () => {
    const weights = await blank.fileOfSite(WEIGHTS);
    let requests = 0;
    const server = createServer((_, response) => {
      response.writeHead(200, { "cache-control": "max-age=3600", "access-control-allow-origin": "*" });
      response.end(++requests === 1 ? weights.subarray(0, 1000) : weights);
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
    const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
    // Routed requests bypass the cache, so this is an ordinary page of the site, without a route.
    const another = await blank.shared.browser.newPage();
    await another.goto(`${blank.shared.url}pkg/package.json`);
    const outcomes = await another.evaluate(async (weights) => {
      const { createChecker } = await import(String("/pkg/index.js"));
      const made = () =>
        createChecker({ backend: "cpu", weights }).then(
          (/** @type {any} */ { backend }) => backend,
          (/** @type {any} */ { code }) => code,
        );
      await (await fetch(weights)).arrayBuffer();
      return [await made(), await made()];
    }, `http://localhost:${port}/w`);
    await another.close();
    server.close();
    assert.deepEqual([outcomes, requests], [["weights-invalid", "cpu"], 2]);
  });

  test("a worker's script that is not there: one error, and the next check works", async () => {
    await blank.page.route("**/pkg/worker.js", (route) => route.fulfill({ status: 404 }));
    assertError(await run(`return checked({ backend: "cpu" });`), "crashed", /stopped unexpectedly/);
    await blank.page.unroute("**/pkg/worker.js");
    assert.deepEqual(await run(`return checked({ backend: "cpu" });`), GOOD);
  });

  test("a cutter that can’t be loaded: the long song is decoded at once", async () => {
    const cutters = /** @type {string[]} */ ([]);
    blank.page.on("request", (request) => request.url().endsWith("/cutter.js") && cutters.push(request.url()));
    assert.deepEqual(await run(`return checked({ backend: "cpu" });`), GOOD);
    assert.equal(cutters.length, 0, "no cutter is loaded before a file comes");
    const song = wav(tune(1, 45));
    await blank.page.route("**/long.wav", (route) => route.fulfill({ contentType: "audio/wav", body: song }));
    await blank.page.route("**/wav/cutter.js", (route) => route.fulfill({ status: 404 }));
    const reason = blank.page.waitForEvent("console", { predicate: (message) => /at once/.test(message.text()) });
    const { value } = await run(`return outcome(async () => {
      const checker = await soundalike.createChecker({ backend: "cpu" });
      const { verdict } = await checker.compare("/long.wav", "/long.wav");
      checker.close();
      return verdict;
    });`);
    assert.equal(value, "nearly-identical");
    assert.match((await reason).text(), /“long.wav” is decoded at once: its cutter can't be loaded/);
    assert.ok(cutters.length > 0 && cutters.every((url) => url.endsWith("/wav/cutter.js")), String(cutters));
  });

  test("a trap of the engine is a crash, and the next check starts it again", async () => {
    await blank.page.route("**/wasm/cpu/soundalike.js", brokenEngine("cpu", "throw trap"));
    const crashed = await run(`
      globalThis.checker = await soundalike.createChecker({ backend: "cpu" });
      return outcome(() => checker.compare(a, b));`);
    assert.equal(crashed.code, "crashed", JSON.stringify(crashed));
    await blank.page.unroute("**/wasm/cpu/soundalike.js");
    const next = await run(`return outcome(() => checker.compare(a, b));`);
    assert.ok(next.value, JSON.stringify(next));
  });

  test("a worker that is killed during a check, without an event: one error, and the next check works", async () => {
    await blank.page.route("**/wasm/cpu/soundalike.js", brokenEngine("cpu", DIES));
    const killed = await run(`
      globalThis.checker = await soundalike.createChecker({ backend: "cpu" });
      return outcome(() => checker.compare(a, b));`);
    assertError(killed, "crashed", /stopped unexpectedly/);
    await blank.page.unroute("**/wasm/cpu/soundalike.js");
    assert.deepEqual(await run(`return outcome(async () => (await checker.compare(a, b)).verdict);`), {
      value: "different",
    });
  });

  for (const [losses, expected] of /** @type {const} */ ([
    [1, GOOD],
    [Infinity, "crashed"],
  ])) {
    const when = losses === 1 ? "once" : "again and again";
    const then = losses === 1 ? "the song is decoded once more" : "one error, and the next check works";
    test(`a worker that is lost ${when} while a song is uploaded: ${then}`, async () => {
      const outcome = await run(`
        const { postMessage } = Worker.prototype;
        let losses = 0;
        globalThis.decoded = 0;
        Worker.prototype.postMessage = function (request, ...rest) {
          if (request.type === "record") globalThis.decoded++;
          if (request.type === "append" && losses++ < ${losses}) return this.onerror(new ErrorEvent("error"));
          return postMessage.call(this, request, ...rest);
        };
        const outcome = await checked({ backend: "cpu" });
        Worker.prototype.postMessage = postMessage;
        return outcome;`);
      if (typeof expected === "string") assertError(outcome, expected, /stopped unexpectedly/);
      else assert.deepEqual(outcome, expected);
      // Two songs, one of them twice.
      if (losses === 1) assert.equal(await run("return decoded"), 3);
      assert.deepEqual(await run(`return checked({ backend: "cpu" });`), GOOD);
    });
  }

  test("a worker that is killed while it is idle: the next check starts another and analyses nothing", async () => {
    const stages = await run(`
      globalThis.checker = await soundalike.createChecker({ backend: "cpu" });
      globalThis.songs = [await checker.analyse(a), await checker.analyse(b)];`);
    assert.equal(stages, undefined);
    const gone = /** @type {import("playwright-core").Worker} */ (blank.page.workers()[0]);
    await Promise.all([gone.waitForEvent("close"), gone.evaluate("close()").catch(() => {})]);
    const { next, seen } = await run(`
      const seen = [];
      const onProgress = ({ stage }) => seen.push(stage);
      const next = await outcome(async () => (await checker.compare(...songs, { onProgress })).verdict);
      return { next, seen };`);
    assert.deepEqual(next, { value: "different" });
    assert.ok(!seen.includes("encode"), `stages ${seen}`);
    assert.equal(blank.page.workers().length, 1);
  });

  test("out of memory in the page: one error, and the next check works", async () => {
    const { refused, next } = await run(`
      const checker = await soundalike.createChecker({ backend: "cpu" });
      const Whole = Float32Array;
      globalThis.Float32Array = new Proxy(Whole, {
        construct(target, [first, ...rest]) {
          if (first === a.length) throw new RangeError("Array buffer allocation failed");
          return new target(first, ...rest);
        },
      });
      const refused = await outcome(() => checker.compare({ samples: [a, a], sampleRateHz: 44100 }, b));
      globalThis.Float32Array = Whole;
      return { refused, next: await outcome(async () => (await checker.compare(a, b)).verdict) };`);
    assertError(refused, "crashed", /not enough memory/);
    assert.deepEqual(next, { value: "different" });
  });

  test("a check that is cancelled while the engine loads ends at once, and the next one works", async () => {
    /** @type {() => void} */
    let letThrough = () => {};
    const held = new Promise((resolve) => (letThrough = () => resolve(undefined)));
    await blank.page.route("**/soundalike_bg.wasm", async (route) => {
      await held;
      await route.continue();
    });
    const cancelled = await run(`
      const abort = new AbortController();
      const signal = abort.signal;
      setTimeout(() => abort.abort(), 50);
      return outcome(() => soundalike.createChecker({ backend: "cpu", signal }));`);
    assertError(cancelled, "aborted", /cancelled/);
    letThrough();
    assert.deepEqual(await run(`return checked({ backend: "cpu" });`), GOOD);
  });
});

describe("out of memory in the engine", () => {
  // Pages of 64 kB: enough for the engine and short songs, not for the 20 minutes below.
  const { run } = packageInBlankPage(["--js-flags=--wasm-max-mem-pages=1200"]);

  test("one error, and a shorter song works", async () => {
    const { refused, next } = await run(`
      const checker = await soundalike.createChecker({ backend: "cpu" });
      const long = Float32Array.from({ length: 20 * 60 * 8000 }, (_, index) => a[index % a.length]);
      const refused = await outcome(() => checker.compare({ samples: long, sampleRateHz: 8000 }, a));
      return { refused, next: await outcome(async () => (await checker.compare(a, b)).verdict) };`);
    assertError(refused, "crashed", /stopped unexpectedly|not enough memory/);
    assert.deepEqual(next, { value: "different" });
  });
});
