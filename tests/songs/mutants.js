/**
 * Shows that every number of the matcher matters to a test: each constant is halved and doubled, and the engine's own tests and those of `tests/songs` must
 * not pass with it. Slow; for whoever changes a constant or a test.
 *
 *     node tests/songs/mutants.js [PATTERN]
 *
 * With a pattern only the constants whose name matches, as `recording/passages.rs ACCIDENT_SHARES`. Exits with 1 if a change survives that isn't explained below.
 *
 * The constants of a copy of the engine are made functions that read their change from the environment, so that one build serves all changes.
 */

import { execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const COPY = join(ROOT, "target/mutants/engine");
const TARGET_FOLDER = process.env["CARGO_TARGET_DIR"] ?? join(ROOT, "target/mutants/target");
/** Those of the matcher that have constants. */
const MODULES = [
  "recording/evidence",
  "geometry/lines",
  "recording/runs",
  "recording/refine",
  "recording/whitened",
  "recording/passages",
  "recording/score",
  "recording/clips/align",
  "recording/clips/score",
  "recording/blank",
  "recording/segments",
  "report/build",
];
/** Constants of these modules that are the network's; its own tests hold them. */
const OTHERS = ["FRAMES_PER_FEATURE_FRAME", "CONTEXT_FEATURE_FRAMES"];
/** Tests that have nothing to do with matching. */
const SKIPPED = ["nn::", "encoder::burn::", "audio::", "spectrum::mel::", "weights_file::", "spectrum::power::"];
const FACTORS = [0.5, 2];
const TEST_TIMEOUT_MS = 600_000;

/** Changes that no test can see, by name and factor, and why. @type {Record<string, string>} */
const EXPLAINED = {
  "geometry/lines.rs STEPS_PER_COLUMN x 2": "finer than a segment can tell: the same runs, at twice the cost",
  "recording/refine.rs LAGS_OF_ROUND x 2": "the same lines are found among more",
};

/** @typedef {{ name: string, slot: string }} Mutant */

/** What a constant's value goes through. A whole number moves by at least one. */
const MUTATED = `//! Values that can be changed from outside.

/// A number.
pub trait Number: Copy {
    /// It, so many times as large.
    fn times(self, factor: f64) -> Self;
}

macro_rules! number {
    ($($type:ty: $rounded:expr),*) => { $(impl Number for $type {
        fn times(self, factor: f64) -> Self {
            let product = self as f64 * factor;
            let rounded: f64 = if !$rounded { product } else if product.round() == self as f64 { self as f64 + (factor - 1.0).signum() } else { product.round() };
            rounded as $type
        }
    })* };
}
number!(f32: false, f64: false, usize: true, isize: true, i32: true);

/// The value of that name: the plain one, or a changed one.
pub fn value<T: Number>(name: &str, plain: T) -> T {
    if std::env::var("SOUNDALIKE_MUTANT").is_ok_and(|changed| changed == name) {
        let factor = std::env::var("SOUNDALIKE_FACTOR").ok().and_then(|factor| factor.parse().ok());
        plain.times(factor.unwrap_or(1.0))
    } else {
        plain
    }
}
`;

const DECLARATION =
  /^( *)(pub(?:\(crate\))? )?const ([A-Z][A-Z0-9_]*): ((?:std::ops::RangeInclusive<)?(?:f32|f64|usize|isize|i32|\([^)]*\)|\[[^\]]*\])>?) =\s+([^;]+);/gm;

const mutants = makeCopy();
const pattern = new RegExp(process.argv[2] ?? "");
const binaries = build();
const before = performance.now();
const untouched = await failure({});
if (untouched) throw new Error(`the tests fail without any change: ${untouched}`);
console.log(`the tests take ${((performance.now() - before) / 1000).toFixed(1)} s`);

let survivors = 0;
for (const { name, slot } of mutants.filter(({ name }) => pattern.test(name))) {
  for (const factor of FACTORS) {
    const change = `${name} x ${factor}`;
    const failed = await failure({ SOUNDALIKE_MUTANT: slot, SOUNDALIKE_FACTOR: String(factor) });
    const explained = EXPLAINED[change];
    if (!failed && !explained) survivors += 1;
    console.log(
      `${failed ? "killed  " : explained ? "harmless" : "SURVIVED"}  ${change}${failed ? `  (${failed})` : explained ? `  (${explained})` : ""}`,
    );
  }
}
console.log(survivors === 0 ? "none survived" : `${survivors} survived`);
process.exitCode = survivors === 0 ? 0 : 1;

/** The engine with its constants made functions. @returns {Mutant[]} */
function makeCopy() {
  rmSync(COPY, { recursive: true, force: true });
  mkdirSync(COPY, { recursive: true });
  for (const path of ["src", "tests/songs", "tests/golden", "Cargo.lock", "clippy.toml", "README.md"])
    cpSync(join(ROOT, path), join(COPY, path), { recursive: true });
  const manifest = readFileSync(join(ROOT, "Cargo.toml"), "utf8")
    .replace(/^members = .*$/m, "members = []")
    .replace(/^default-members = .*$/m, "")
    .replace(/^\[\[(?:bench|example)\]\]\n(?:.+\n)*/gm, "");
  writeFileSync(join(COPY, "Cargo.toml"), manifest);
  /** @type {Mutant[]} */
  const mutants = [];
  /** Modules by the constants they declare. @type {Map<string, Set<string>>} */
  const declared = new Map();
  for (const module of MODULES) {
    const path = join(COPY, `src/${module}.rs`);
    const [code, tests] = withoutTests(readFileSync(path, "utf8"));
    const names = new Set();
    const changed = code.replace(DECLARATION, (whole, indent, visibility = "", name, type, value, offset) => {
      if (OTHERS.includes(name)) return whole;
      names.add(name);
      const line = code.slice(0, offset).split("\n").length;
      let slots = 0;
      const add = () => {
        const slot = `${module}:${name}:${line}:${slots}`;
        mutants.push({ name: `${module}.rs ${name}${slots > 0 ? ` (${slots + 1})` : ""}`, slot });
        slots += 1;
        return `"${slot}"`;
      };
      let mutated = value.replace(
        /(?<![\w.])\d[\d_]*(?:\.\d[\d_]*)?(?![\w])/g,
        (/** @type {string} */ number) => `crate::mutated::value(${add()}, ${number})`,
      );
      if (slots === 0) mutated = `crate::mutated::value(${add()}, ${mutated})`;
      return `${indent}#[allow(non_snake_case, missing_docs, clippy::all)] ${visibility}fn ${name}() -> ${type} { static VALUE: std::sync::OnceLock<${type}> = std::sync::OnceLock::new(); VALUE.get_or_init(|| ${mutated}).clone() }`;
    });
    declared.set(module, names);
    writeFileSync(path, changed + tests);
  }
  for (const path of rustFiles(COPY)) {
    const text = readFileSync(path, "utf8");
    const own = declared.get((/mutants\/engine\/src\/(.+?)(?:\/tests)?\.rs$/.exec(path) ?? [])[1] ?? "") ?? new Set();
    const imported = [...text.matchAll(/\buse (?:crate|soundalike)::((?:\w+::)*\w+)::(\w+|\{[^;]+\});/g)].flatMap(
      ([, module = "", names = ""]) =>
        [...(declared.get(module.replaceAll("::", "/")) ?? [])].filter((name) =>
          new RegExp(`\\b${name}\\b`).test(names),
        ),
    );
    const names = new Set([...own, ...imported]);
    if (names.size > 0) writeFileSync(path, withCalls(text, names));
  }
  appendTo(join(COPY, "src/lib.rs"), "\npub mod mutated;\n");
  writeFileSync(join(COPY, "src/mutated.rs"), MUTATED);
  return mutants;
}

/** @param {string} text @param {Set<string>} names */
function withCalls(text, names) {
  const use = new RegExp(`(?<!\\w)(${[...names].join("|")})\\b(?!\\()`, "g");
  return text
    .split(/(^ *(?:pub(?:\(crate\))? )?use [^;]+;|\/\/.*$|"(?:[^"\\\n]|\\.)*")/m)
    .map((part, index) => (index % 2 === 1 ? part : part.replace(use, "$1()")))
    .join("");
}

/** @param {string} text */
function withoutTests(text) {
  const at = text.indexOf("#[cfg(test)]\nmod tests");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at)];
}

/** @param {string} folder @returns {string[]} */
function rustFiles(folder) {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".rs"))
    .map((path) => join(folder, path));
}

/** @param {string} path @param {string} text */
function appendTo(path, text) {
  writeFileSync(path, readFileSync(path, "utf8") + text);
}

/** Builds the tests of the copy. @returns {string[]} the programs, the engine's own tests first */
function build() {
  const args = [
    "test",
    "--offline",
    "--release",
    "-p",
    "soundalike",
    "--no-default-features",
    "--lib",
    "--test",
    "songs",
    "--no-run",
    "--message-format=json",
  ];
  const output = execFileSync("cargo", [...args, "--target-dir", TARGET_FOLDER], {
    cwd: COPY,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const programs = output
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line))
    .filter(({ executable, profile }) => executable && profile.test);
  programs.sort((a, b) => Number(b.target.kind.includes("rlib")) - Number(a.target.kind.includes("rlib")));
  return programs.map(({ executable }) => executable).filter(existsSync);
}

/** The first test that fails with a change; undefined when all pass. @param {Record<string, string>} change @returns {Promise<string | undefined>} */
async function failure(change) {
  for (const program of binaries) {
    const failed = await new Promise((resolve) => {
      const args = SKIPPED.flatMap((name) => ["--skip", name]);
      const child = spawn(program, args, {
        cwd: COPY,
        env: { ...process.env, ...change },
        stdio: ["ignore", "pipe", "ignore"],
      });
      const timer = setTimeout(() => child.kill("SIGKILL"), TEST_TIMEOUT_MS);
      let output = "";
      child.stdout.on("data", (chunk) => {
        output += chunk;
        const name = /^test (\S+) \.\.\. FAILED/m.exec(output);
        if (name) {
          child.kill("SIGKILL");
          resolve(name[1]);
        }
      });
      child.on("close", (code) => {
        clearTimeout(timer);
        resolve(code === 0 ? undefined : "it crashed or hung");
      });
    });
    if (failed) return failed;
  }
  return undefined;
}
