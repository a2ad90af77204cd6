/**
 * Faults, each injected where it would strike: in each the check ends with a result by the CPU, or with one clear error, and
 * the next check works. Faults of the input are in `package.test.js` and `hostile.test.js`, cancelling at every stage and
 * the storage's faults in `package.test.js` and `kept-songs.test.js`.
 */

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { WEBGPU_FLAGS, audioFolder, launchChromium, serveSite } from "./harness.js";
import { tune } from "./music.js";
import { resealed } from "./weights-file.js";

const CHECK_TIMEOUT_MS = 90_000;

/** @typedef {import("playwright-core").Page} Page */

/** @type {Awaited<ReturnType<typeof serveSite>>} */
let site;
before(async () => {
  site = await serveSite();
});
after(() => site?.close());

/**
 * A page of the site that loads nothing by itself, with the package as `soundalike`, `outcome` and the songs `a` and `b`.
 * @param {import("playwright-core").Browser} browser
 */
async function blankPage(browser) {
  const page = await browser.newPage();
  const songs = { a: tune(1, 8), b: tune(7, 8) };
  await page.route("**/blank.html", (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html><title>blank</title>" }));
  await page.route("**/*.f32", (route) => {
    const samples = route.request().url().endsWith("/a.f32") ? songs.a : songs.b;
    return route.fulfill({ contentType: "application/octet-stream", body: Buffer.from(samples.buffer) });
  });
  await page.goto(`${site.url}blank.html`);
  await page.evaluate(async (patienceMs) => {
    const soundalike = await import(String("/pkg/index.js"));
    /** What an attempt came to: the error's code and sentence, or the value; one that never ends is a `hang`. @param {() => Promise<any>} attempt */
    const outcome = async (attempt) => {
      try {
        const hang = new Promise((_, reject) => setTimeout(() => reject({ code: "hang" }), patienceMs));
        return { value: await Promise.race([attempt(), hang]) };
      } catch (error) {
        return { code: error.code, message: error.message, isCheckerError: error instanceof soundalike.CheckerError };
      }
    };
    const [a, b] = await Promise.all(["/a.f32", "/b.f32"].map(async (url) => new Float32Array(await (await fetch(url)).arrayBuffer())));
    /** A check from nothing: a checker made, and both songs compared. @param {object} options */
    const checked = (options) =>
      outcome(async () => {
        const checker = await soundalike.createChecker(options);
        const { verdict, backend } = await checker.compare(a, b);
        checker.close();
        return { verdict, backend };
      });
    Object.assign(globalThis, { soundalike, outcome, checked, a, b });
  }, CHECK_TIMEOUT_MS);
  return page;
}

/** Runs code in the page. @param {Page} page @param {string} code */
const run = (page, code) => /** @type {Promise<any>} */ (page.evaluate(`(async () => { ${code} })()`));

const GOOD = { value: { verdict: "different", backend: "cpu" } };

/** The error that a visitor reads, and its code. @param {{ code?: string, message?: string, isCheckerError?: boolean, value?: unknown }} outcome @param {string} code @param {RegExp} words */
function assertError(outcome, code, words) {
  assert.equal(outcome.code, code, JSON.stringify(outcome));
  assert.equal(outcome.isCheckerError, true);
  assert.match(outcome.message ?? "", words);
}

describe("faults of the engine", () => {
  /** @type {import("playwright-core").Browser} */
  let browser;
  /** @type {Page} */
  let page;
  after(() => browser?.close());
  beforeEach(async () => {
    // Not before the first test that is wanted: with a pattern that may be none.
    browser ??= await launchChromium();
    page = await blankPage(browser);
  });
  afterEach(() => page.close());

  for (const [what, gpu] of /** @type {const} */ ([
    ["is absent", "undefined"],
    ["has no adapter", "{ requestAdapter: async () => null }"],
    ["fails when it is asked for an adapter", '{ requestAdapter: async () => { throw new DOMException("no", "OperationError"); } }'],
  ])) {
    test(`WebGPU that ${what}: auto goes without, and insisting is told so`, async () => {
      const { auto, insisted, next } = await run(page, `
        Object.defineProperty(navigator, "gpu", { value: ${gpu}, configurable: true });
        return { auto: await checked({}), insisted: await checked({ backend: "webgpu" }), next: await checked({ backend: "cpu" }) };`);
      assert.deepEqual(auto, GOOD);
      assertError(insisted, "unsupported-browser", /WebGPU does not work/);
      assert.deepEqual(next, GOOD);
    });
  }

  test("WebGPU that fails its self-test: auto goes without, and insisting is told so", async () => {
    await page.route("**/wasm/webgpu/soundalike.js", (route) =>
      route.fulfill({
        contentType: "text/javascript",
        body: `
          export default async function init() {}
          export class Checker {
            static async create() { throw Object.assign(new Error("its self-test is off"), { code: "backend-unavailable" }); }
          }`,
      }),
    );
    const { auto, insisted } = await run(page, `
      Object.defineProperty(navigator, "gpu", { value: { requestAdapter: async () => ({ info: { isFallbackAdapter: false } }) }, configurable: true });
      return { auto: await checked({}), insisted: await checked({ backend: "webgpu" }) };`);
    assert.deepEqual(auto, GOOD);
    assertError(insisted, "unsupported-browser", /WebGPU does not work/);
  });

  test("a self-test that fails on the CPU, too, is told, and right weights work afterwards", async () => {
    const weights = await page.request.get(`${site.url}pkg/wasm/weights.safetensors`);
    const otherAnswer = resealed(await weights.body(), (info) => info.golden_embedding.reverse());
    await page.route("**/other-answer.safetensors", (route) => route.fulfill({ body: otherAnswer }));
    const { failed, next } = await run(page, `
      return { failed: await checked({ backend: "cpu", weights: "/other-answer.safetensors" }), next: await checked({}) };`);
    assertError(failed, "unsupported-browser", /self-test fails/);
    assert.deepEqual(next, GOOD);
  });

  for (const [what, answer] of /** @type {const} */ ([
    ["is cut short", (/** @type {Buffer} */ module) => ({ contentType: "application/wasm", body: module.subarray(0, module.length / 3) })],
    ["is cut short, from a host that knows no media types", (/** @type {Buffer} */ module) => ({ contentType: "application/octet-stream", body: module.subarray(0, module.length / 3) })],
    ["is a page in its place", () => ({ contentType: "text/html", body: "<!doctype html><title>Not here</title>" })],
    ["needs what the glue does not give", () => ({ contentType: "application/wasm", body: FOREIGN_MODULE })],
  ])) {
    test(`wasm that ${what}: one error, and the next check loads it again`, async () => {
      const module = await (await page.request.get(`${site.url}pkg/wasm/cpu/soundalike_bg.wasm`)).body();
      await page.route("**/wasm/cpu/soundalike_bg.wasm", (route) => route.fulfill(answer(module)));
      const failed = await run(page, `return checked({ backend: "cpu" });`);
      assertError(failed, "crashed", answer(module).body === FOREIGN_MODULE ? /stopped unexpectedly/ : /file is damaged/);
      await page.unroute("**/wasm/cpu/soundalike_bg.wasm");
      // What compiles is remembered; in a page of its own, it is fetched again.
      if (answer(module).body === FOREIGN_MODULE) await page.close().then(async () => (page = await blankPage(browser)));
      assert.deepEqual(await run(page, `return checked({ backend: "cpu" });`), GOOD);
    });
  }

  test("wasm for WebGPU that does not compile: the CPU's is taken", async () => {
    await page.route("**/wasm/webgpu/soundalike_bg.wasm", (route) => route.fulfill({ contentType: "application/wasm", body: "no module" }));
    const auto = await run(page, `
      Object.defineProperty(navigator, "gpu", { value: { requestAdapter: async () => ({ info: { isFallbackAdapter: false } }) }, configurable: true });
      return checked({});`);
    assert.deepEqual(auto, GOOD);
  });

  for (const [what, change] of /** @type {const} */ ([
    ["are not found", undefined],
    ["are cut short", (/** @type {Buffer} */ weights) => weights.subarray(0, weights.length - 1)],
    ["have one wrong bit", (/** @type {Buffer} */ weights) => weights.map((byte, index) => (index === 300_000 ? byte ^ 1 : byte))],
    ["are of another version", (/** @type {Buffer} */ weights) => resealed(weights, (info) => (info.format += 1))],
    ["want other features", (/** @type {Buffer} */ weights) => resealed(weights, (info) => (info.features.hop_samples = 256))],
  ])) {
    test(`weights that ${what}: one error, and the next check loads them again`, async () => {
      const weights = await (await page.request.get(`${site.url}pkg/wasm/weights.safetensors`)).body();
      await page.route("**/weights.safetensors", (route) => route.fulfill(change ? { body: Buffer.from(change(weights)) } : { status: 404 }));
      const failed = await run(page, `return checked({ backend: "cpu" });`);
      assertError(failed, "weights-invalid", change ? /damaged or belong to another version/ : /answered 404/);
      await page.unroute("**/weights.safetensors");
      assert.deepEqual(await run(page, `return checked({ backend: "cpu" });`), GOOD);
    });
  }

  test("weights that lie broken in the browser's own cache are fetched past it", async () => {
    const weights = await (await page.request.get(`${site.url}pkg/wasm/weights.safetensors`)).body();
    let requests = 0;
    const server = createServer((_, response) => {
      response.writeHead(200, { "cache-control": "max-age=3600", "access-control-allow-origin": "*" });
      response.end(++requests === 1 ? weights.subarray(0, 1000) : weights);
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
    const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
    // Where requests are routed there is no cache: so any page of the site, and no route.
    const another = await browser.newPage();
    await another.goto(`${site.url}pkg/package.json`);
    const outcomes = await run(another, `
      const { createChecker } = await import("/pkg/index.js");
      const made = () => createChecker({ backend: "cpu", weights: "http://localhost:${port}/w" }).then(({ backend }) => backend, ({ code }) => code);
      await (await fetch("http://localhost:${port}/w")).arrayBuffer();
      return [await made(), await made()];`);
    await another.close();
    server.close();
    assert.deepEqual([outcomes, requests], [["weights-invalid", "cpu"], 2]);
  });

  test("a worker's script that is not there: one error, and the next check works", async () => {
    await page.route("**/pkg/worker.js", (route) => route.fulfill({ status: 404 }));
    assertError(await run(page, `return checked({ backend: "cpu" });`), "crashed", /stopped unexpectedly/);
    await page.unroute("**/pkg/worker.js");
    assert.deepEqual(await run(page, `return checked({ backend: "cpu" });`), GOOD);
  });

  test("a worker that is killed in the middle of a check, without a word: one error, and the next check works", async () => {
    await page.route("**/wasm/cpu/soundalike.js", dyingInAnalysis("cpu"));
    const killed = await run(page, `
      globalThis.checker = await soundalike.createChecker({ backend: "cpu" });
      return outcome(() => checker.compare(a, b));`);
    assertError(killed, "crashed", /stopped unexpectedly/);
    await page.unroute("**/wasm/cpu/soundalike.js");
    assert.deepEqual(await run(page, `return outcome(async () => (await checker.compare(a, b)).verdict);`), { value: "different" });
  });

  test("a worker for WebGPU that is killed: the CPU finishes the check", async () => {
    await page.route("**/wasm/webgpu/soundalike.js", dyingInAnalysis("webgpu"));
    const { before, report } = await run(page, `
      Object.defineProperty(navigator, "gpu", { value: { requestAdapter: async () => ({ info: { isFallbackAdapter: false } }) }, configurable: true });
      const checker = await soundalike.createChecker();
      const before = checker.backend;
      return { before, report: await outcome(() => checker.compare(a, b)) };`);
    assert.equal(before, "webgpu");
    assert.equal(report.value?.backend, "cpu", JSON.stringify(report).slice(0, 300));
  });

  test("a worker that is killed while nothing is asked of it: the next check has another, and analyses nothing again", async () => {
    const stages = await run(page, `
      globalThis.checker = await soundalike.createChecker({ backend: "cpu" });
      globalThis.songs = [await checker.analyse(a), await checker.analyse(b)];`);
    assert.equal(stages, undefined);
    const gone = /** @type {import("playwright-core").Worker} */ (page.workers()[0]);
    await Promise.all([gone.waitForEvent("close"), gone.evaluate("close()").catch(() => {})]);
    const { next, seen } = await run(page, `
      const seen = [];
      const next = await outcome(async () => (await checker.compare(...songs, { onProgress: ({ stage }) => seen.push(stage) })).verdict);
      return { next, seen };`);
    assert.deepEqual(next, { value: "different" });
    assert.ok(!seen.includes("encode"), `stages ${seen}`);
    assert.equal(page.workers().length, 1);
  });

  test("memory that the page is refused: one error, and the next check works", async () => {
    const { refused, next } = await run(page, `
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

  test("a check that is cancelled while the engine loads, and the next one", async () => {
    /** @type {() => void} */
    let letThrough = () => {};
    const held = new Promise((resolve) => (letThrough = () => resolve(undefined)));
    await page.route("**/soundalike_bg.wasm", async (route) => {
      await held;
      await route.continue();
    });
    const cancelled = await run(page, `
      const abort = new AbortController();
      const signal = abort.signal;
      setTimeout(() => abort.abort(), 50);
      return outcome(() => soundalike.createChecker({ backend: "cpu", signal }));`);
    assertError(cancelled, "aborted", /cancelled/);
    letThrough();
    assert.deepEqual(await run(page, `return checked({ backend: "cpu" });`), GOOD);
  });
});

describe("memory that the engine is refused", () => {
  test("one error, and a shorter song works", async () => {
    // 64 kB each: room for the engine and short songs, not for the 20 minutes below.
    const browser = await launchChromium(["--js-flags=--wasm-max-mem-pages=1200"]);
    try {
      const page = await blankPage(browser);
      const { refused, next } = await run(page, `
        const checker = await soundalike.createChecker({ backend: "cpu" });
        const long = Float32Array.from({ length: 20 * 60 * 8000 }, (_, index) => a[index % a.length]);
        const refused = await outcome(() => checker.compare({ samples: long, sampleRateHz: 8000 }, a));
        return { refused, next: await outcome(async () => (await checker.compare(a, b)).verdict) };`);
      assertError(refused, "crashed", /stopped unexpectedly|not enough memory/);
      assert.deepEqual(next, { value: "different" });
    } finally {
      await browser.close();
    }
  });
});

describe("faults of real WebGPU", () => {
  /** @type {import("playwright-core").Browser} */
  let browser;
  beforeEach(async () => {
    browser ??= await launchChromium(WEBGPU_FLAGS);
  });
  after(() => browser?.close());

  for (const [what, fault] of /** @type {const} */ ([
    ["whose device is lost in the middle of a song", "devices.forEach((device) => device.destroy())"],
    ["that refuses a kernel in the middle of a song", "GPUComputePassEncoder.prototype.dispatchWorkgroups = () => { throw new TypeError('refused') }"],
  ])) {
    test(`WebGPU ${what}: the CPU finishes the check`, async () => {
      const page = await blankPage(browser);
      const glue = await (await page.request.get(`${site.url}pkg/wasm/webgpu/soundalike.js`)).text();
      await page.route("**/wasm/webgpu/soundalike.js", (route) => route.fulfill({ contentType: "text/javascript", body: `${glue}\n${faultInAnalysis(fault)}` }));
      const { before, struck, report, after, next } = await run(page, `
        const original = GPU.prototype.requestAdapter;
        // A graphics card, as far as the loader can see.
        GPU.prototype.requestAdapter = async function (...rest) {
          const adapter = await original.apply(this, rest);
          return adapter && { info: { isFallbackAdapter: false } };
        };
        let struck = false;
        new BroadcastChannel("fault").onmessage = () => { struck = true; };
        const checker = await soundalike.createChecker();
        const before = checker.backend;
        const report = await outcome(() => checker.compare(a, b));
        return { before, struck, report, after: checker.backend, next: (await checker.compare(a, a)).verdict };`);
      assert.equal(before, "webgpu", "the engine never got to WebGPU");
      assert.equal(struck, true, "the fault never struck");
      assert.equal(report.value?.verdict, "different", JSON.stringify(report).slice(0, 300));
      assert.equal(report.value.backend, "cpu");
      assert.equal(after, "cpu");
      assert.equal(next, "nearly-identical");
      await page.close();
    });
  }
});

describe("faults on the page", () => {
  const audio = audioFolder();
  /** @type {import("playwright-core").Browser} */
  let browser;
  /** @type {Page} */
  let page;
  /** @type {string[]} */
  let songs;
  before(() => {
    songs = [audio.tune("one.wav", 1, 8), audio.tune("two.wav", 7, 8)];
  });
  after(async () => {
    await browser?.close();
    audio.remove();
  });
  beforeEach(async () => {
    browser ??= await launchChromium();
    // A service worker would answer in the place of the faults.
    page = await (await browser.newContext({ serviceWorkers: "block" })).newPage();
  });
  afterEach(() => page.context().close());

  const give = async () => {
    for (const [index, song] of songs.entries()) await page.locator("input[type=file]").nth(index).setInputFiles(song);
  };
  const again = async () => {
    await page.getByRole("button", { name: "Compare", exact: true }).click();
    await page.locator("[data-verdict]").waitFor({ timeout: CHECK_TIMEOUT_MS });
    assert.ok(await page.locator("#error").isHidden());
  };

  for (const [what, file, code] of /** @type {const} */ ([
    ["weights", "weights.safetensors", "weights-invalid"],
    ["engine", "soundalike_bg.wasm", "crashed"],
  ])) {
    test(`the ${what} can't be had: one error with its code, and the next try works`, async () => {
      await page.route(`**/${file}`, (route) => route.fulfill({ status: 404 }));
      await page.goto(`${site.url}?backend=cpu`);
      await give();
      const error = page.locator("#error");
      await error.waitFor({ timeout: CHECK_TIMEOUT_MS });
      assert.equal(await error.getAttribute("data-code"), code);
      assert.match(await error.innerText(), /The check did not finish\. .*could not be loaded/);
      await page.unroute(`**/${file}`);
      await again();
    });
  }

  test("the worker is killed in the middle of a check: one error with its code, and the next try works", async () => {
    await page.route("**/wasm/cpu/soundalike.js", dyingInAnalysis("cpu"));
    await page.goto(`${site.url}?backend=cpu`);
    await give();
    const error = page.locator("#error");
    await error.waitFor({ timeout: CHECK_TIMEOUT_MS });
    assert.equal(await error.getAttribute("data-code"), "crashed");
    await page.unroute("**/wasm/cpu/soundalike.js");
    await again();
  });
});

/** A module that is valid and imports what nobody gives: `(module (import "m" "f" (func)))`. */
const FOREIGN_MODULE = Buffer.from([0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 2, 7, 1, 1, 109, 1, 102, 0, 0]);

/** Answers with the glue of an engine whose worker ends in its first analysis, as one that the system kills: nobody is told. @param {string} backend */
function dyingInAnalysis(backend) {
  const body = `
    export default async function init() {}
    export const limits = () => ({ decodeRateHz: 44100, minSongSecs: 3, maxSongSecs: 5400 });
    export class Checker {
      backend = "${backend}";
      static async create() { return new Checker(); }
      analyse() { self.close(); return new Promise(() => {}); }
    }`;
  return (/** @type {import("playwright-core").Route} */ route) => route.fulfill({ contentType: "text/javascript", body });
}

/** For the end of the real glue: lets the fault strike when the first song is well under way on the device. @param {string} fault */
function faultInAnalysis(fault) {
  return `
    const devices = [];
    const { requestDevice } = GPUAdapter.prototype;
    GPUAdapter.prototype.requestDevice = async function (...rest) {
      const device = await requestDevice.apply(this, rest);
      devices.push(device);
      return device;
    };
    const { analyse } = Checker.prototype;
    Checker.prototype.analyse = function (...rest) {
      const { submit } = GPUQueue.prototype;
      let submits = 0;
      GPUQueue.prototype.submit = function (...buffers) {
        submit.apply(this, buffers);
        if (++submits !== 2) return;
        ${fault};
        new BroadcastChannel("fault").postMessage("struck");
      };
      return analyse.apply(this, rest);
    };`;
}
