/**
 * Faults of WebGPU, on a simulated graphics card and injected into the real code. With `auto` the
 * CPU does the check; with `webgpu` the fault is reported.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { GOOD, assertError, packageInBlankPage } from "../support/blank-page.js";
import { DIES, brokenEngine } from "../support/inputs/broken-engines.js";
import { WEBGPU_FLAGS } from "../support/harness.js";

/** A graphics card, as the loader sees it. */
const GRAPHICS_CARD = `
  const gpu = { requestAdapter: async () => ({ info: { isFallbackAdapter: false } }) };
  Object.defineProperty(navigator, "gpu", { value: gpu, configurable: true });`;

describe("faults of WebGPU", () => {
  const blank = packageInBlankPage();
  const { run } = blank;

  for (const [what, gpu] of /** @type {const} */ ([
    ["is absent", "undefined"],
    ["has no adapter", "{ requestAdapter: async () => null }"],
    [
      "fails when it is asked for an adapter",
      '{ requestAdapter: async () => { throw new DOMException("no", "OperationError"); } }',
    ],
  ])) {
    test(`WebGPU that ${what}: auto uses the CPU, and webgpu reports it`, async () => {
      const { auto, insisted, next } = await run(`
        Object.defineProperty(navigator, "gpu", { value: ${gpu}, configurable: true });
        return {
          auto: await checked({}),
          insisted: await checked({ backend: "webgpu" }),
          next: await checked({ backend: "cpu" }),
        };`);
      assert.deepEqual(auto, GOOD);
      assertError(insisted, "unsupported-browser", /WebGPU does not work/);
      assert.deepEqual(next, GOOD);
    });
  }

  test("WebGPU that fails its self-test: auto uses the CPU, and webgpu reports it", async () => {
    await blank.page.route("**/wasm/webgpu/soundalike.js", (route) =>
      route.fulfill({
        contentType: "text/javascript",
        body: `
          export default async function init() {}
          export class Checker {
            static async create() {
              throw Object.assign(new Error("its self-test is off"), { code: "backend-unavailable" });
            }
          }`,
      }),
    );
    const { auto, insisted } = await run(`
      ${GRAPHICS_CARD}
      return { auto: await checked({}), insisted: await checked({ backend: "webgpu" }) };`);
    assert.deepEqual(auto, GOOD);
    assertError(insisted, "unsupported-browser", /WebGPU does not work/);
  });

  test("wasm for WebGPU that does not compile: the CPU's is used", async () => {
    await blank.page.route("**/wasm/webgpu/soundalike_bg.wasm", (route) =>
      route.fulfill({ contentType: "application/wasm", body: "no module" }),
    );
    const auto = await run(`
      ${GRAPHICS_CARD}
      return checked({});`);
    assert.deepEqual(auto, GOOD);
  });

  test("webgpu that is unavailable: the backend webgpu reports it, and auto uses the CPU", async () => {
    const { insisted, auto } = await run(`
      return {
        insisted: await outcome(() => soundalike.createChecker({ backend: "webgpu" })),
        auto: (await soundalike.createChecker()).backend,
      };`);
    assert.equal(insisted.code, "unsupported-browser", JSON.stringify(insisted));
    assert.equal(auto, "cpu");
  });

  for (const [what, failure] of /** @type {const} */ ([
    ["WebGPU that throws in the middle of a check", "throw trap"],
    [
      "WebGPU that traps outside the call, whose promise then never settles",
      "queueMicrotask(() => { throw trap }); return new Promise(() => {})",
    ],
    [
      "WebGPU that reports that its device is lost",
      'throw Object.assign(new Error("device lost"), { code: "backend-unavailable" })',
    ],
    ["a worker for WebGPU that is killed", DIES],
  ])) {
    test(`${what}: the CPU finishes the check`, async () => {
      await blank.page.route("**/wasm/webgpu/soundalike.js", brokenEngine("webgpu", failure));
      const { before, after, report } = await run(`
        ${GRAPHICS_CARD}
        const checker = await soundalike.createChecker();
        const before = checker.backend;
        const report = await outcome(() => checker.compare(a, b));
        return { before, after: checker.backend, report };`);
      assert.equal(before, "webgpu");
      assert.equal(report.value?.backend, "cpu", JSON.stringify(report).slice(0, 300));
      assert.equal(after, "cpu");
    });
  }
});

describe("faults of real WebGPU", () => {
  const blank = packageInBlankPage(WEBGPU_FLAGS);

  for (const [what, fault] of /** @type {const} */ ([
    ["whose device is lost in the middle of a song", "devices.forEach((device) => device.destroy())"],
    [
      "that refuses a kernel in the middle of a song",
      "GPUComputePassEncoder.prototype.dispatchWorkgroups = () => { throw new TypeError('refused') }",
    ],
  ])) {
    test(`WebGPU ${what}: the CPU finishes the check`, async () => {
      const glue = await blank.fileOfSite("pkg/wasm/webgpu/soundalike.js");
      await blank.page.route("**/wasm/webgpu/soundalike.js", (route) =>
        route.fulfill({ contentType: "text/javascript", body: `${glue}\n${faultInAnalysis(fault)}` }),
      );
      const { before, struck, report, after, next } = await blank.run(`
        const original = GPU.prototype.requestAdapter;
        // For the loader, a graphics card.
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
    });
  }
});

/**
 * Code for the end of the real glue. The fault occurs when the device has begun with the first
 * song.
 * @param {string} fault
 */
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
