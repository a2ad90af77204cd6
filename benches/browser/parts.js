/** Parts of the bench: the measurement and the table of each. */

import { join } from "node:path";
import { checkTables, encoderTable, featuresTable, visitsTable, webgpuTable } from "./tables.js";
import { timing } from "./page/rounds.js";

/**
 * @typedef {Object} Bench
 * @property {string} address
 * @property {import("./server.js").BenchServer} server
 * @property {string} made
 * @property {(options?: { webgpu?: boolean }) => Promise<import("playwright-core").Browser>} launch
 * @property {boolean} quick one round of everything
 */

/**
 * @typedef {Object} Part
 * @property {string} name
 * @property {(bench: Bench) => Promise<unknown>} measure
 * @property {(result: any) => string} table
 */

/** A link typical of the slower half of mobile connections. @type {import("./server.js").Link} */
const MOBILE_LINK = { bitsPerSec: 10e6, latencyMs: 40 };
const VISITS = 3;
const VISIT_TIMEOUT_MS = 120_000;

/** @type {Part[]} */
export const PARTS = [
  { name: "features", measure: inPage("features", { rounds: 9 }), table: featuresTable },
  { name: "encoder", measure: inPage("encoder", { rounds: 201, songRounds: 31 }), table: encoderTable },
  { name: "check", measure: inPage("check", { rounds: 9, peerRounds: 3 }), table: checkTables },
  { name: "visit", measure: visits, table: (result) => visitsTable(result, MOBILE_LINK) },
  { name: "webgpu", measure: inPage("webgpu", { rounds: 5 }, { webgpu: true }), table: webgpuTable },
];

/**
 * @param {string} work a name in `page/index.html`
 * @param {Record<string, number>} options numbers of rounds
 * @param {{ webgpu?: boolean }} [browserOptions]
 */
function inPage(work, options, browserOptions) {
  return async (/** @type {Bench} */ { address, launch, quick }) => {
    const rounds = Object.fromEntries(Object.entries(options).map(([name, rounds]) => [name, quick ? 1 : rounds]));
    const browser = await launch(browserOptions);
    try {
      const page = await browser.newPage();
      page.on("pageerror", (error) => console.error(error));
      await page.goto(`${address}/bench/`);
      await page.waitForFunction("globalThis.bench");
      if (!(await page.evaluate("crossOriginIsolated"))) throw new Error("the page's clock is coarse");
      return await page.evaluate(`bench.${work}(${JSON.stringify(rounds)})`);
    } finally {
      await browser.close();
    }
  };
}

/**
 * First visits, each with a new browser that has nothing in its cache.
 * @param {Bench} bench
 */
async function visits(bench) {
  const visitors = { page: visitPage, soundalike: visitBench, peers: visitBench };
  /**
   * @type {Record<string, Record<string, { bytes: number, files: [string, number][], readyMs:
   *   import("./page/rounds.js").Timing | undefined, scoreMs: import("./page/rounds.js").Timing
   *   }>>}
   */
  const result = {};
  for (const [name, visit] of Object.entries(visitors)) {
    result[name] = {};
    for (const [speed, link] of /** @type {const} */ ([
      ["local", undefined],
      ["mobile", MOBILE_LINK],
    ])) {
      const times = [];
      // During the first visit the server compresses the files.
      for (let round = -1; round < (bench.quick ? 1 : VISITS); round++) {
        bench.server.startVisit(link);
        const time = await visit(bench, name);
        if (round >= 0) times.push(time);
      }
      const ready = times.flatMap(({ readyMs }) => readyMs ?? []);
      result[name][speed] = {
        bytes: bench.server.sentBytes,
        files: [...bench.server.sent],
        readyMs: ready.length > 0 ? timing(ready) : undefined,
        scoreMs: timing(times.map(({ scoreMs }) => scoreMs)),
      };
    }
  }
  return result;
}

/**
 * One of the two bare pages of the bench.
 * @param {Bench} bench @param {string} name
 * @returns {Promise<{ readyMs: number | undefined, scoreMs: number }>}
 */
async function visitBench({ address, launch }, name) {
  const browser = await launch();
  try {
    const page = await browser.newPage();
    await page.goto(`${address}/bench/visit-${name}.html`, { waitUntil: "commit" });
    await page.waitForFunction("globalThis.visit", undefined, { timeout: VISIT_TIMEOUT_MS });
    return await page.evaluate("visit");
  } finally {
    await browser.close();
  }
}

/**
 * The site, which gets both clips at once.
 * @param {Bench} bench
 * @returns {Promise<{ readyMs: undefined, scoreMs: number }>}
 */
async function visitPage({ address, launch, made }) {
  const browser = await launch();
  try {
    // The service worker fetches everything again for offline use, after the measured visit.
    const context = await browser.newContext({ serviceWorkers: "block" });
    const page = await context.newPage();
    const startedAt = performance.now();
    await page.goto(`${address}/site/?backend=cpu`, { waitUntil: "commit" });
    for (const [side, name] of ["clip-left.mp3", "clip-right.mp3"].entries()) {
      await page.locator("input[type=file]").nth(side).setInputFiles(join(made, name));
    }
    await page.locator("[data-verdict]").waitFor({ timeout: VISIT_TIMEOUT_MS });
    return { readyMs: undefined, scoreMs: performance.now() - startedAt };
  } finally {
    await browser.close();
  }
}
