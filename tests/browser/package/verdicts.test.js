/** Bounds of verdicts and of words: the package, its README, the page and the engine agree. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { SITE } from "../support/harness.js";

/** @type {typeof import("../../../pkg/shared/format.js")} */
const { VERDICTS } = await import(pathToFileURL(`${SITE}/pkg/shared/format.js`).href);

const text = (/** @type {string} */ path) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");

describe("verdicts", () => {
  const bounds = VERDICTS.filter(({ from }) => from > 0).map(({ name, from }) => [name, from]);

  /** The bounds in the code of the engine. @param {string} path */
  const decided = (path) =>
    [...text(path).matchAll(/score if score >= (0\.\d+) => Self::(\w+)/g)].map(([, from, name]) => [
      String(name)
        .replace(/(?<=[a-z])(?=[A-Z])/g, "-")
        .toLowerCase(),
      Number(from),
    ]);

  test("the engine decides by the bounds of the package", () => {
    assert.deepEqual(decided("src/report/mod.rs"), bounds);
  });

  test("the README states the bounds, also those of compositions", () => {
    const stated = [...text("pkg/README.md").matchAll(/`([a-z-]+)` from (0\.\d+)/g)];
    const ofCompositions = decided("src/report/composition.rs");
    assert.equal(ofCompositions.length, 2);
    assert.deepEqual(
      stated.map(([, name, from]) => [name, Number(from)]),
      [...bounds, ...ofCompositions],
    );
  });
});

describe("bounds of words", () => {
  const pageNumber = (/** @type {string} */ path, /** @type {string} */ name) =>
    numberIn(readFileSync(`${SITE}/report/words/${path}`, "utf8"), new RegExp(`const ${name} = ([\\d.]+);`));
  const engineNumber = (/** @type {string} */ path, /** @type {string} */ name) =>
    numberIn(text(`src/${path}`), new RegExp(`const ${name}: f64 = ([\\d.]+);`));

  test("a song with less than this of melody can’t be compared", () => {
    assert.equal(pageNumber("composition.js", "LEAST_SECS"), engineNumber("composition/channels.rs", "LEAST_SECS"));
  });

  test("a passage is in small pieces from the change of speed that the engine tests", () => {
    assert.equal(pageNumber("changes.js", "SMALLEST_EDIT"), engineNumber("recording/edits.rs", "LEAST_CHANGE"));
  });

  test("a passage is searched at the transpositions and speeds that the page states", () => {
    const semitones = numberIn(text("src/recording/refinement/whitened.rs"), /const MAX_SEMITONES: usize = (\d+);/);
    const speeds = /from a factor of ([\d.]+) to ([\d.]+),/.exec(text("src/recording/peaks/candidates.rs")) ?? [];
    const limits = new RegExp(
      `${speeds[1]} to ${speeds[2]} times (its|their) speed and up to ${semitones} semitones higher or lower`,
    );
    const stated = [
      readFileSync(`${SITE}/index.html`, "utf8"),
      readFileSync(`${SITE}/report/words/sentences.js`, "utf8"),
    ];
    for (const page of stated) assert.match(page, limits);
  });

  test("a speed drifts from the change that has a name", () => {
    const leastRange = 1 + pageNumber("changes.js", "SMALLEST_SPEED_CHANGE");
    assert.equal(leastRange, engineNumber("recording/drift.rs", "LEAST_RANGE"));
  });
});

describe("codecs that can’t be decoded", () => {
  test("the page and native programs give them the same names", () => {
    const rust = /const CODECS: [^=]* = \[([\s\S]*?)\n\];/.exec(text("decoder/src/codecs.rs"));
    const page = /const CODECS = \[([\s\S]*?)\n\];/.exec(text("pkg/decode/foreign/codecs.js"));
    const words = (/** @type {RegExpExecArray | null} */ list) =>
      [...(list?.[1] ?? "").matchAll(/"([^"]*)"/g)].map(([, word]) => word);
    assert.equal(words(rust).length, 22);
    assert.deepEqual(words(page), words(rust));
  });
});

/** @param {string} source @param {RegExp} pattern */
function numberIn(source, pattern) {
  const found = pattern.exec(source);
  assert.ok(found, `there is no ${pattern}`);
  return Number(found[1]);
}
