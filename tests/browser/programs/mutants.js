/**
 * Shows that the tests can fail: each mutant is one fault in a copy of the site, and the tests that
 * it names must not pass with it. Slow; for changes of the tests.
 *
 *     cargo xtask web && npm run mutants [-- PATTERN]
 *     node programs/mutants.js --fits
 *
 * With a pattern only the mutants whose suite, test or file matches. Exits with 1 if one survives.
 * Mutants of the packed package need the tarball of `cargo xtask check packed`.
 *
 * `--fits` runs no test and needs no build: it checks that the text that each mutant replaces
 * occurs in the sources, and exits with 1 if some doesn't.
 */

import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ACCESS_MUTANTS } from "./mutants/access.js";
import { BAD_INPUT_MUTANTS } from "./mutants/bad-input.js";
import { CATALOGUE_MUTANTS } from "./mutants/catalogue.js";
import { CONTAINER_MUTANTS } from "./mutants/containers.js";
import { ELEMENT_MUTANTS } from "./mutants/element.js";
import { FAULT_MUTANTS } from "./mutants/faults.js";
import { LIBRARY_MUTANTS } from "./mutants/library.js";
import { MP4_MUTANTS } from "./mutants/mp4.js";
import { mutate, sourceMisfit, title } from "./mutants/mutant.js";
import { PACKAGE_MUTANTS } from "./mutants/package.js";
import { PACKED_MUTANTS } from "./mutants/packed.js";
import { PAGE_MUTANTS } from "./mutants/page.js";
import { REPORT_MUTANTS } from "./mutants/report.js";
import { STYLE_MUTANTS } from "./mutants/style.js";

/** @import { Mutant } from "./mutants/mutant.js" */

/** The suites lie in folders by subject. */
const SUITES = fileURLToPath(new URL("../", import.meta.url));
/** Paths of the suites, from the folder of all, by name. */
const SUITE_PATHS = new Map(
  ["page", "library", "report", "element", "package", "files", "../packed"].flatMap((folder) =>
    readdirSync(join(SUITES, folder))
      .filter((name) => name.endsWith(".test.js"))
      .map((name) => /** @type {const} */ ([basename(name, ".test.js"), join(folder, name)])),
  ),
);
const TARGET = fileURLToPath(new URL("../../../target", import.meta.url));
const SITE = process.env["SOUNDALIKE_SITE"] ?? join(TARGET, "site");
const PACKED = process.env["SOUNDALIKE_PACKED"] ?? join(TARGET, "packed");
const TEST_TIMEOUT_MS = 240_000;

const MUTANTS = [
  ...PAGE_MUTANTS,
  ...REPORT_MUTANTS,
  ...LIBRARY_MUTANTS,
  ...STYLE_MUTANTS,
  ...ACCESS_MUTANTS,
  ...ELEMENT_MUTANTS,
  ...PACKAGE_MUTANTS,
  ...BAD_INPUT_MUTANTS,
  ...CATALOGUE_MUTANTS,
  ...CONTAINER_MUTANTS,
  ...MP4_MUTANTS,
  ...FAULT_MUTANTS,
  ...PACKED_MUTANTS,
];

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { fits: { type: "boolean", default: false } },
});
const wanted = new RegExp(positionals[0] ?? ".", "i");
const mutants = MUTANTS.filter((mutant) => wanted.test(title(mutant)));
process.exitCode = (values.fits ? countMisfits() : countSurvivors()) > 0 ? 1 : 0;

function countMisfits() {
  const misfits = mutants.flatMap((mutant) => {
    const fault = !SUITE_PATHS.has(mutant[0]) ? "there is no such suite" : sourceMisfit(mutant);
    return fault ? [`${title(mutant)}: ${fault}`] : [];
  });
  for (const line of misfits) console.log(line);
  console.log(`${misfits.length} of ${mutants.length} mutants do not fit the sources`);
  return misfits.length;
}

function countSurvivors() {
  let survivors = 0;
  for (const mutant of mutants) {
    const outcome = outcomeOf(mutant);
    if (outcome === "SURVIVED") survivors += 1;
    console.log(`${outcome.padEnd(9)} ${title(mutant)}: ${mutant[3].trim().split("\n")[0]}`);
  }
  console.log(`${survivors} survived`);
  return survivors;
}

/**
 * Runs the tests with the fault.
 * @param {Mutant} mutant
 * @returns {"killed" | "SURVIVED" | "timed out"}
 */
function outcomeOf(mutant) {
  const [suite, test] = mutant;
  const work = mkdtempSync(join(tmpdir(), "soundalike-mutant-"));
  try {
    const isPacked = suite === "packed";
    const script = SUITE_PATHS.get(suite);
    if (script === undefined) throw new Error(`there is no suite ${suite}`);
    const run = spawnSync(
      "node",
      ["--test", `--test-timeout=${TEST_TIMEOUT_MS}`, "--test-reporter=tap", `--test-name-pattern=${test}`, script],
      {
        cwd: SUITES,
        env: { ...process.env, ...(isPacked ? mutatedTarball(work, mutant) : mutatedSite(work, mutant)) },
        encoding: "utf8",
      },
    );
    // The fault may cause a test to wait forever, but on a slow machine the outcome is the same.
    if (run.stdout.includes("testTimeoutFailure")) return "timed out";
    const ran = run.stdout.split("\n").filter((line) => /^ {4}(not )?ok /.test(line) && !line.includes("# SKIP"));
    if (ran.length === 0) throw new Error(`no test of ${suite} is named ${test}:\n${run.stdout}`);
    return ran.some((line) => line.includes("not ok")) ? "killed" : "SURVIVED";
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * A copy of the site with the fault in it; the large files are only linked.
 * @param {string} work @param {Mutant} mutant
 */
function mutatedSite(work, mutant) {
  const site = join(work, "site");
  cpSync(SITE, site, { recursive: true, filter: (source) => !source.endsWith("/pkg/wasm") });
  symlinkSync(join(SITE, "pkg/wasm"), join(site, "pkg/wasm"));
  // The site has the style sheets joined.
  const path = existsSync(join(site, mutant[2])) ? mutant[2] : "style.css";
  mutate(join(site, path), mutant);
  return { SOUNDALIKE_SITE: site };
}

/** The tarball with the fault in it. @param {string} work @param {Mutant} mutant */
function mutatedTarball(work, mutant) {
  const name = existsSync(PACKED) && readdirSync(PACKED).find((one) => one.endsWith(".tgz"));
  if (!name) throw new Error(`no tarball in ${PACKED}: run \`cargo xtask check packed\` first`);
  execFileSync("tar", ["-xzf", join(PACKED, name), "-C", work]);
  mutate(join(work, "package", mutant[2]), mutant);
  execFileSync("tar", ["-czf", join(work, name), "-C", work, "package"]);
  cpSync(join(PACKED, "cdn.html"), join(work, "cdn.html"));
  return { SOUNDALIKE_PACKED: work };
}
