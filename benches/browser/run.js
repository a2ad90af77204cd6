/**
 * Measures our engine and the libraries from which a similarity checker in the browser could be
 * built: one page in a headless Chromium, the same music, the same weights, one contender after the
 * other in every round. Prints tables, and writes them, and all numbers as JSON.
 *
 *     node run.js [--quick] SITE MADE [PART...]
 *
 * `SITE` is the built site; `MADE` the folder with the files of `audio.js` and of the example
 * `onnx`, which also gets the results. `cargo xtask bench` makes both and runs this program. With
 * `--quick` everything runs once, which tests the bench and measures nothing.
 */

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { WEBGPU_FLAGS, launchChromium } from "../../tests/browser/support/harness.js";
import { BenchServer } from "./server.js";
import { PARTS } from "./parts.js";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: "boolean", default: false } },
});
const [site, made, ...chosen] = positionals;
if (!site || !made) throw new Error("usage: node run.js [--quick] SITE MADE [PART...]");

const folder = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));
const server = new BenchServer(
  { "/bench/": folder("page/"), "/libraries/": folder("node_modules/"), "/made/": made, "/site/": site },
  join(made, "compressed"),
);
const address = await server.listen();

/** @type {Record<string, unknown>} */
const results = {};
/** @type {string[]} */
const tables = [];
const browser = await launchChromium();
const machine = { processor: cpus()[0]?.model.trim(), cores: cpus().length, chromium: browser.version() };
await browser.close();

for (const part of PARTS) {
  if (chosen.length > 0 && !chosen.includes(part.name)) continue;
  const startedAt = performance.now();
  const result = await part.measure({ address, server, made, launch, quick: values.quick });
  results[part.name] = result;
  tables.push(part.table(/** @type {any} */ (result)));
  console.log(`\n${tables.at(-1)}`);
  console.error(`(${part.name}: ${((performance.now() - startedAt) / 1000).toFixed(0)} s)`);
}
server.close();

const report = {
  date: new Date().toISOString(),
  machine,
  site,
  weightsSha256: createHash("sha256")
    .update(readFileSync(join(site, "pkg/wasm/weights.safetensors")))
    .digest("hex"),
  results,
};
writeFileSync(join(made, "bench.json"), `${JSON.stringify(report, undefined, 2)}\n`);
writeFileSync(join(made, "bench.md"), `${tables.join("\n\n")}\n`);
console.log(
  `\n${report.date.slice(0, 10)}, ${machine.processor}, ${machine.cores} cores, Chromium ${machine.chromium}; ` +
    `numbers in ${join(made, "bench.json")}`,
);

/** @param {{ webgpu?: boolean }} [options] */
function launch({ webgpu = false } = {}) {
  return launchChromium(webgpu ? WEBGPU_FLAGS : []);
}
