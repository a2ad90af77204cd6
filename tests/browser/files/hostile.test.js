/** A few damaged music files; `npm run hostile` checks any number. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { audioFolder } from "../support/harness.js";
import { made, throughTheEngine, throughTheTrainer } from "../programs/hostile.js";

/** Each format is damaged five times in its header and five times in its body. */
const COUNT = 130;
const SEED = 2;

describe("damaged files", () => {
  const audio = audioFolder();
  /** @type {ReturnType<typeof made>} */
  let input;
  before(() => {
    input = made(audio, COUNT, SEED);
  });
  after(() => audio.remove());

  for (const [where, through] of /** @type {const} */ ([
    ["engine", throughTheEngine],
    ["trainer", throughTheTrainer],
  ])) {
    test(`${COUNT} of them through the ${where} end in time, by report or error, and later checks work`, async () => {
      const { endings } = await through(input.good, input.files);
      // Some files must give a report and some an error, or only one half would be tested.
      assert.ok((endings["nearly-identical"] ?? 0) > 5, JSON.stringify(endings));
      assert.ok((endings["decode-failed"] ?? endings["error"] ?? 0) > 5, JSON.stringify(endings));
    });
  }
});
