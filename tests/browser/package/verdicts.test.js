/** The bounds of the verdicts: the package, its README and the engine state the same. */

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

  test("the README states the bounds", () => {
    const stated = [...text("pkg/README.md").matchAll(/`([a-z-]+)` from (0\.\d+)/g)];
    assert.deepEqual(
      stated.map(([, name, from]) => [name, Number(from)]),
      bounds,
    );
  });

  test("the engine decides by the bounds", () => {
    const decided = [...text("src/report/mod.rs").matchAll(/score if score >= (0\.\d+) => Self::(\w+)/g)];
    const kebab = (/** @type {string} */ name) => name.replace(/(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase();
    assert.deepEqual(
      decided.map(([, from, name]) => [kebab(String(name)), Number(from)]),
      bounds,
    );
  });
});
