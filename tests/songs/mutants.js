/**
 * Shows that every constant of the matcher of recordings matters to a test: each one is halved and
 * doubled, and the engine's own tests or those of `tests/songs` must fail. Slow; for changes of a
 * constant or a test.
 *
 *     node tests/songs/mutants.js [PATTERN]
 *     node tests/songs/mutants.js --fits
 *
 * With a pattern only the constants whose name matches, as
 * `recording/distinct.rs FALSE_POSITIVE_SHARES`. Exits with 1 if a change survives that isn't
 * explained below.
 *
 * In a copy of the engine the constants are functions that read their change from the environment,
 * so that one build serves all changes.
 *
 * `--fits` builds nothing: it checks that the modules and constants named below are in the sources,
 * and exits with 1 if some aren't.
 */

import { execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const COPY = join(ROOT, "target/mutants/engine");
const TARGET_FOLDER = process.env["CARGO_TARGET_DIR"] ?? join(ROOT, "target/mutants/target");
/** Modules of the matcher of recordings that declare constants. */
const MODULES = [
  "recording/runs/evidence",
  "recording/runs/run",
  "recording/runs/search",
  "recording/refinement/refine",
  "recording/refinement/whitened",
  "recording/refinement/common_bands",
  "recording/certainty",
  "recording/assembly/parts",
  "recording/assembly/assembled",
  "recording/assembly/seams",
  "recording/refinement/equalised",
  "recording/correlogram/blocks",
  "recording/correlogram/places",
  "recording/correlogram/meeting",
  "recording/correlogram/candidate",
  "recording/correlogram/mod",
  "recording/passages",
  "recording/contested",
  "recording/refinement/alignment",
  "recording/distinct",
  "recording/mixture",
  "recording/backwards",
  "recording/peaks/common_range",
  "recording/edits",
  "recording/drift",
  "recording/peaks/peak_map",
  "recording/peaks/triples",
  "recording/peaks/candidates",
  "recording/peaks/raster",
  "recording/peaks/peak_pair",
  "recording/peaks/path",
  "recording/peaks/significance",
  "recording/score",
  "recording/clips/align",
  "recording/clips/compare",
  "recording/clips/score",
  "recording/peaks/elsewhere",
  "recording/blank",
  "recording/encoder/config",
  "report/build",
  "spectrum/log_bands",
  "spectrum/low_bands",
];
/** Constants in these modules that belong to the network, which has tests of its own. */
const OTHERS = ["BATCH_NORM_EPSILON", "FRAMES_PER_FEATURE_FRAME", "CONTEXT_FEATURE_FRAMES"];
/** Constants that are lengths of arrays or make one, which no function can return. */
const LENGTHS = [
  "FRAMES",
  "AROUND",
  "BANDS",
  "STEPS_PER_BAND",
  "PITCHES",
  "MOST_SHIFTS",
  "SHIFTS",
  "INTERVALS",
  "LOW_BANDS",
  "REACH_BANDS",
  "MOST_BANDS",
  "BANDS_PER_OCTAVE",
  "BANDS_PER_SEMITONE",
  "MAX_SEMITONES",
  "STEPS_PER_SEMITONE",
  "LANES",
  "SIDE",
  "MOST_FRAMES",
];
/** Modules whose tests have nothing to do with matching. */
const SKIPPED = ["nn::", "encoder::burn::", "audio::", "spectrum::mel::", "weights_file::", "spectrum::power::"];
const FACTORS = [0.5, 2];
const TEST_TIMEOUT_MS = 600_000;

/**
 * Changes that no test can detect, by name and factor, with the reason.
 * @type {Record<string, string>}
 */
const EXPLAINED = {
  "recording/runs/run.rs STEPS_PER_COLUMN x 2": "finer than the segments resolve: the same runs, at twice the cost",
  "recording/refinement/refine.rs LAGS_OF_ROUND x 2": "the same lines are found among more",
  "recording/peaks/candidates.rs MOST_WAITING x 0.5": "the same votes, counted in other batches",
  "recording/peaks/candidates.rs MOST_WAITING x 2": "the same votes, counted in other batches",
};

/** @typedef {{ name: string, slot: string }} Mutant */

/** Source of the module through which each value passes. An integer changes by at least 1. */
const MUTATED = `//! Values that can be changed from the environment.

/// A number.
pub trait Number: Copy {
    /// The number, multiplied.
    fn times(self, factor: f64) -> Self;
}

macro_rules! number {
    ($($type:ty: $rounded:expr),*) => { $(impl Number for $type {
        fn times(self, factor: f64) -> Self {
            let product = self as f64 * factor;
            let rounded: f64 = if !$rounded {
                product
            } else if product.round() == self as f64 {
                self as f64 + (factor - 1.0).signum()
            } else {
                product.round()
            };
            rounded as $type
        }
    })* };
}
number!(f32: false, f64: false, usize: true, isize: true, i32: true, u32: true, u8: true);

/// The value with that name, changed if the environment asks for it.
pub fn value<T: Number>(name: &str, plain: T) -> T {
    if std::env::var("SOUNDALIKE_MUTANT").is_ok_and(|changed| changed == name) {
        let factor = std::env::var("SOUNDALIKE_FACTOR").ok().and_then(|factor| factor.parse().ok());
        plain.times(factor.unwrap_or(1.0))
    } else {
        plain
    }
}
`;

const TYPE = String.raw`(?:std::ops::RangeInclusive<)?(?:f32|f64|usize|isize|i32|u32|u8|\([^)]*\)|\[[^\]]*\])>?`;
const DECLARATION = new RegExp(
  String.raw`^( *)(pub(?:\(crate\))? )?const ([A-Z][A-Z0-9_]*): (${TYPE}) =\s+([^;]+);`,
  "gm",
);

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { fits: { type: "boolean", default: false } },
});
process.exitCode = (values.fits ? countMisfits() : await countSurvivors(new RegExp(positionals[0] ?? ""))) > 0 ? 1 : 0;

function countMisfits() {
  /** @type {string[]} */
  const misfits = [];
  const constants = new Set();
  /** @type {Mutant[]} */
  const mutants = [];
  for (const module of MODULES) {
    const path = join(ROOT, `src/${module}.rs`);
    if (!existsSync(path)) {
      misfits.push(`src/${module}.rs does not exist`);
      continue;
    }
    const [code] = withoutTests(readFileSync(path, "utf8"));
    const found = withFunctions(module, code);
    if (found.mutants.length === 0) misfits.push(`src/${module}.rs declares no constant`);
    mutants.push(...found.mutants);
    for (const [, , , name] of code.matchAll(DECLARATION)) constants.add(name);
  }
  for (const name of [...OTHERS, ...LENGTHS]) if (!constants.has(name)) misfits.push(`no module declares ${name}`);
  const changes = new Set(mutants.flatMap(({ name }) => FACTORS.map((factor) => `${name} x ${factor}`)));
  for (const change of Object.keys(EXPLAINED)) if (!changes.has(change)) misfits.push(`there is no change ${change}`);
  const modules = rustFiles(join(ROOT, "src")).map((path) => `/${path.replace(/(\/mod)?\.rs$/, "/")}`);
  for (const skipped of SKIPPED) {
    const folder = `/${skipped.replaceAll("::", "/")}`;
    if (!modules.some((path) => path.includes(folder))) misfits.push(`there is no module ${skipped}`);
  }
  for (const line of misfits) console.log(line);
  console.log(`${mutants.length} constants, ${misfits.length} of the names above do not fit the sources`);
  return misfits.length;
}

/** @param {RegExp} pattern */
async function countSurvivors(pattern) {
  const mutants = makeCopy();
  const binaries = build();
  const before = performance.now();
  const untouched = await failure(binaries, {});
  if (untouched) throw new Error(`the tests fail without any change: ${untouched}`);
  console.log(`the tests take ${((performance.now() - before) / 1000).toFixed(1)} s`);
  let survivors = 0;
  for (const { name, slot } of mutants.filter(({ name }) => pattern.test(name))) {
    for (const factor of FACTORS) {
      const change = `${name} x ${factor}`;
      const failed = await failure(binaries, { SOUNDALIKE_MUTANT: slot, SOUNDALIKE_FACTOR: String(factor) });
      const explained = EXPLAINED[change];
      if (!failed && !explained) survivors += 1;
      const outcome = failed ? "killed  " : explained ? "harmless" : "SURVIVED";
      console.log(`${outcome}  ${change}${failed || explained ? `  (${failed ?? explained})` : ""}`);
    }
  }
  console.log(survivors === 0 ? "none survived" : `${survivors} survived`);
  return survivors;
}

/** Copies the engine, with functions in place of its constants. @returns {Mutant[]} */
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
    const changed = withFunctions(module, code);
    mutants.push(...changed.mutants);
    declared.set(module, changed.names);
    writeFileSync(path, changed.code + tests);
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

/**
 * Makes functions of the constants of a module.
 * @param {string} module
 * @param {string} code without tests
 */
function withFunctions(module, code) {
  /** @type {Mutant[]} */
  const mutants = [];
  /** @type {Set<string>} */
  const names = new Set();
  const changed = code.replace(DECLARATION, (whole, indent, visibility = "", name, type, value, offset) => {
    if ([...OTHERS, ...LENGTHS].includes(name)) return whole;
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
      /(?<![\w.])\d[\d_]*(?:\.\d[\d_]*)?(?:e-?\d+)?(?![\w])/g,
      (/** @type {string} */ number) => `crate::mutated::value(${add()}, ${number})`,
    );
    if (slots === 0) mutated = `crate::mutated::value(${add()}, ${mutated})`;
    return (
      `${indent}#[allow(non_snake_case, missing_docs, clippy::all)] ${visibility}fn ${name}() -> ${type} { ` +
      `static VALUE: std::sync::OnceLock<${type}> = std::sync::OnceLock::new(); ` +
      `VALUE.get_or_init(|| ${mutated}).clone() }`
    );
  });
  return { code: changed, mutants, names };
}

/**
 * Calls the functions where the constants were read.
 * @param {string} text @param {Set<string>} names
 */
function withCalls(text, names) {
  const use = new RegExp(`(?<!\\w)(${[...names].join("|")})\\b(?!\\()`, "g");
  return text
    .split(/(^ *(?:pub(?:\(crate\))? )?use [^;]+;|\/\/.*$|"(?:[^"\\\n]|\\.)*")/m)
    .map((part, index) => (index % 2 === 1 ? part : part.replace(use, "$1()")))
    .join("");
}

/** @param {string} text @returns {[code: string, tests: string]} */
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

/**
 * The first test that fails with a change; undefined when all pass.
 * @param {string[]} binaries @param {Record<string, string>} change @returns {Promise<string |
 *   undefined>}
 */
async function failure(binaries, change) {
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
