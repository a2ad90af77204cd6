/**
 * Processes: memory and processor time of the browser's page processes. Linux only, as it reads
 * /proc.
 */

import { readFileSync } from "node:fs";

/**
 * The page process with the largest peak of resident memory (VmHWM, which counts the browser's own
 * code too).
 * @param {import("playwright-core").Browser} browser
 * @returns {Promise<{ peakMb: number, residentMb: number, cpuSecs: number }>}
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
      return { peakMb: mb("VmHWM"), residentMb: mb("VmRSS"), cpuSecs: cpuTime };
    });
  return ofPages.reduce((largest, one) => (one.peakMb > largest.peakMb ? one : largest));
}
