/**
 * Damaged music files in the page's engine and in the trainer: each must end within 10 s with a
 * report or with one error with a code, no worker may crash, and a good pair must work afterwards.
 *
 *     cargo xtask web && cargo build --release --workspace
 *     npm run hostile [-- COUNT [SEED [foreign]]]
 *
 * With `foreign` all files are in formats that browsers refuse. `hostile.test.js` does the same
 * with fewer files.
 */

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { audioFolder, launchChromium, openBlankPage, serveSite } from "../support/harness.js";
import { FOREIGN_FORMATS, hostileFiles } from "../support/inputs/hostile-files.js";

/** Duration of each file before it is damaged. */
const SECS = 6;
/** A file that takes longer counts as hanging. */
export const PATIENCE_MS = 10_000;
/** The trainer may compute as long; in wall time it may take longer on a busy machine. */
const TRAINER_PATIENCE_MS = 30 * PATIENCE_MS;

/** Allowed outcomes of a file that isn't a song. */
const CODES = new Set(["decode-failed", "no-audio", "silent", "too-long", "too-short"]);

/** @type {Slowest} */
const NONE = { ms: 0, file: "" };

const TRAINER =
  process.env["SOUNDALIKE_TRAINER"] ??
  fileURLToPath(new URL("../../../target/release/soundalike-trainer", import.meta.url));

/** @typedef {{ path: string, name: string, what: string }} HostileFile */
/**
 * @typedef {{ endings: Record<string, number>, slowest: Slowest }} Outcome how often each ending
 *   came, and what took longest to come to one
 */
/** @typedef {{ ms: number, file: string }} Slowest */

/** @param {string} good @param {HostileFile[]} files @returns {Promise<Outcome>} */
export async function throughTheEngine(good, files) {
  const site = await serveSite();
  const browser = await launchChromium();
  try {
    const page = await openBlankPage(browser, site.url);
    const said = /** @type {string[]} */ ([]);
    page.on("console", (message) => message.type() === "error" && said.push(message.text()));
    await page.route("**/hostile/*", (route) => {
      const name = basename(new URL(route.request().url()).pathname);
      const path = files.find((file) => file.name === name)?.path ?? good;
      return route.fulfill({ body: readFileSync(path) });
    });
    await page.evaluate(async (patienceMs) => {
      const { createChecker } = await import(String("/pkg/index.js"));
      const checker = await createChecker({ backend: "cpu", workers: 1 });
      const file = async (/** @type {string} */ name) =>
        new File([await (await fetch(`/hostile/${name}`)).blob()], name);
      const whole = await checker.analyse(await file("good.wav"));
      /** @param {string} name */
      const check = async (name) => {
        const song = await file(name);
        const startedAt = performance.now();
        const hang = new Promise((resolve) => setTimeout(resolve, patienceMs, "hang"));
        const answer = checker.compare(whole, song).then(
          (/** @type {any} */ { score, verdict }) => (score >= 0 && score <= 1 ? verdict : `score ${score}`),
          (/** @type {any} */ error) => error.code ?? String(error),
        );
        return { ending: await Promise.race([answer, hang]), ms: performance.now() - startedAt };
      };
      Object.assign(globalThis, { check });
    }, PATIENCE_MS);
    const [worker] = page.workers();
    const endings = /** @type {Record<string, number>} */ ({});
    let slowest = NONE;
    for (const { name, what } of files) {
      const { ending, ms } = /** @type {{ ending: string, ms: number }} */ (await page.evaluate(`check("${name}")`));
      assert.ok(
        CODES.has(ending) || /^(nearly-identical|strong|moderate|different)$/.test(ending),
        `${name} (${what}) ended with ${ending}`,
      );
      endings[ending] = (endings[ending] ?? 0) + 1;
      if (ms > slowest.ms) slowest = { ms, file: `${name}, ${what}` };
    }
    assert.deepEqual(said, [], "errors in the console");
    // That of the last file's decoder may still be ending.
    for (const other of page.workers()) if (other !== worker) await ended(other);
    assert.ok(page.workers().length === 1 && page.workers()[0] === worker, "the worker did not live through it");
    const { ending } = /** @type {{ ending: string }} */ (await page.evaluate(`check("good.wav")`));
    assert.equal(ending, "nearly-identical", "a good pair afterwards");
    return { endings, slowest };
  } finally {
    await browser.close();
    site.close();
  }
}

/** @param {import("playwright-core").Worker} worker */
async function ended(worker) {
  const closed = worker.waitForEvent("close", { timeout: PATIENCE_MS });
  // One that ended meanwhile has no such event any more.
  await closed.catch(() => {});
}

/** @param {string} good @param {HostileFile[]} files @returns {Promise<Outcome>} */
export async function throughTheTrainer(good, files) {
  assert.ok(existsSync(TRAINER), `no trainer at ${TRAINER}: run \`cargo build --release --workspace\` first`);
  const endings = /** @type {Record<string, number>} */ ({});
  let slowest = NONE;
  for (const { path, name, what } of files) {
    const { status, output, ms } = await ran(["compare", good, path, "--json"]);
    const place = `compare of ${name} (${what}): ${output.slice(0, 500)}`;
    assert.notEqual(status, null, `it hung or was killed: ${place}`);
    const report = status === 0 ? JSON.parse(output) : undefined;
    if (report) assert.ok(report.score >= 0 && report.score <= 1, place);
    else assert.match(output, /^error: .*\n$/, place);
    const ending = report ? report.verdict : "error";
    endings[ending] = (endings[ending] ?? 0) + 1;
    if (ms > slowest.ms) slowest = { ms, file: `${name}, ${what}` };
  }
  const [first] = files;
  const folder = dirname(/** @type {HostileFile} */ (first).path);
  const { status, stdout, stderr } = spawnSync(TRAINER, ["decode", "--audio", folder, "--out", join(folder, "cache")], {
    encoding: "utf8",
  });
  assert.doesNotMatch(stderr, /panicked/);
  const [decoded, skipped] = (/(\d+) files decoded to .*, (\d+) skipped/.exec(stdout) ?? []).slice(1).map(Number);
  assert.equal(status, skipped ? 3 : 0, stderr);
  // A folder's videos are not music, except MP4.
  const known = files.filter(({ name }) => !/\.(webm|avi|flv|ts)$/.test(name));
  assert.ok(Number(decoded) + Number(skipped) >= known.length, stdout);
  assert.equal((await ran(["compare", good, good, "--json"])).status, 0, "a good pair afterwards");
  return { endings, slowest };
}

/**
 * Runs the trainer with a limit of processor time.
 * @param {string[]} options
 * @returns {Promise<{ status: number | null, output: string, ms: number }>}
 */
function ran(options) {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const limited = `ulimit -t ${PATIENCE_MS / 1000}; exec "$0" "$@"`;
    const child = spawn("sh", ["-c", limited, TRAINER, ...options], { timeout: TRAINER_PATIENCE_MS });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += text));
    child.on("error", reject);
    child.on("close", (status) => resolve({ status, output, ms: performance.now() - startedAt }));
  });
}

/**
 * The damaged files in a folder of their own, and the good file that they are compared with.
 * @param {ReturnType<typeof audioFolder>} audio @param {number} count @param {number} seed
 * @param {typeof FOREIGN_FORMATS} [formats]
 */
export function made(audio, count, seed, formats) {
  const good = audio.tune("good.wav", seed, SECS);
  const folder = join(dirname(good), "hostile");
  mkdirSync(folder);
  const files = hostileFiles(audio, count, seed, SECS, formats).map((file) => {
    const path = join(folder, file.name);
    renameSync(file.path, path);
    return { ...file, path };
  });
  return { good, files };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [count = 500, seed = 1] = process.argv.slice(2, 4).map(Number);
  const formats = process.argv[4] === "foreign" ? FOREIGN_FORMATS : undefined;
  const audio = audioFolder();
  try {
    const { good, files } = made(audio, count, seed, formats);
    for (const [where, through] of /** @type {const} */ ([
      ["engine", throughTheEngine],
      ["trainer", throughTheTrainer],
    ])) {
      const startedAt = performance.now();
      const { endings, slowest } = await through(good, files);
      const counts = Object.entries(endings).map(([ending, times]) => `${times} ${ending}`);
      const secs = (performance.now() - startedAt) / 1000;
      console.log(
        `${where}: ${count} files of seed ${seed} in ${secs.toFixed(0)} s, the slowest in ` +
          `${(slowest.ms / 1000).toFixed(1)} s (${slowest.file}): ${counts.join(", ")}`,
      );
    }
  } finally {
    audio.remove();
  }
}
