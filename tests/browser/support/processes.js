/**
 * Processes: memory and processor time of the browser's page processes. Linux only, as it reads
 * /proc.
 */

import { readFileSync, readdirSync } from "node:fs";

/**
 * The page process with the largest peak of resident memory (VmHWM, which counts the browser's own
 * code too).
 * @param {import("playwright-core").Browser} browser
 * @returns {Promise<{ id: number, peakMb: number, residentMb: number, cpuSecs: number }>}
 */
export async function pageProcess(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const ofPages = processInfo
    .filter(({ type }) => type === "renderer")
    .map(({ id, cpuTime }) => {
      const status = readFileSync(`/proc/${id}/status`, "utf8");
      const mb = (/** @type {string} */ name) =>
        Math.round(Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) / 1024);
      return { id, peakMb: mb("VmHWM"), residentMb: mb("VmRSS"), cpuSecs: cpuTime };
    });
  return ofPages.reduce((largest, one) => (one.peakMb > largest.peakMb ? one : largest));
}

/** Units of processor time in /proc (`getconf CLK_TCK`, which is 100 on every Linux). */
const TICKS_PER_SEC = 100;
/** Fields of `/proc/PID/stat` after the name: the time in the program and in the kernel. */
const USER_TICKS = 11;
const KERNEL_TICKS = 12;

/**
 * Processor seconds of a process by the names of its threads.
 * @param {number} id
 * @returns {Record<string, number>}
 */
export function threadSecs(id) {
  /** @type {Record<string, number>} */
  const secs = {};
  for (const thread of readdirSync(`/proc/${id}/task`)) {
    const [, name = "", rest = ""] =
      /\((.*)\) (.*)/.exec(readFileSync(`/proc/${id}/task/${thread}/stat`, "utf8")) ?? [];
    const fields = rest.split(" ").map(Number);
    const ticks = (fields[USER_TICKS] ?? 0) + (fields[KERNEL_TICKS] ?? 0);
    secs[name] = (secs[name] ?? 0) + ticks / TICKS_PER_SEC;
  }
  return secs;
}
