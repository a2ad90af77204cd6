/**
 * Trace: tasks on the main threads of a browser's pages, in processor time, which does not depend
 * on other work of the machine.
 */

import assert from "node:assert/strict";

/**
 * @typedef {{ name: string, pid: number, tid: number, ts: number, tdur?: number, args: { name?:
 *   string, src_func?: string } }} TraceEvent
 */

/**
 * Starts the trace.
 * @param {import("playwright-core").Browser} browser @param {import("playwright-core").Page} page
 */
export function startTrace(browser, page) {
  return browser.startTracing(page, {
    categories: ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"],
  });
}

/**
 * @param {import("playwright-core").Browser} browser
 * @returns {Promise<{ longestMs: number, copies: number }>} the longest task since, and how often
 *   decoded sound was copied into a page
 */
export async function stopTrace(browser) {
  const { traceEvents } = /** @type {{ traceEvents: TraceEvent[] }} */ (
    JSON.parse((await browser.stopTracing()).toString())
  );
  const threads = new Set(
    traceEvents
      .filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain")
      .map(({ pid, tid }) => `${pid} ${tid}`),
  );
  const ofMain = traceEvents.filter(({ pid, tid }) => threads.has(`${pid} ${tid}`));
  const tasks = ofMain.filter(({ name }) => name === "RunTask" || name === "ThreadControllerImpl::RunTask");
  assert.ok(tasks.length > 50, `only ${tasks.length} tasks were seen`);
  return {
    longestMs: tasks.reduce((longest, { tdur = 0 }) => Math.max(longest, tdur / 1000), 0),
    copies: tasks.filter(({ args }) => args.src_func === "DecodeOnBackgroundThread").length,
  };
}
