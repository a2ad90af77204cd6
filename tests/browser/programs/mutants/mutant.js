/** Mutant: one fault, put into a file by replacing a piece of its text. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * `test`: pattern for the names of the tests of `suite` that must fail; `path`: the mutated file, from
 * the root of the site or, for the suite `packed`, of the package; `piece`: the text that `by`
 * replaces, wherever it occurs, which must be `times` times (1 if not given).
 * @typedef {[suite: string, test: string, path: string, piece: string, by: string, times?: number]} Mutant
 */

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

/** Files of the package that are made when it is packed. */
const GENERATED = /\.d\.ts$/;

/** @param {Mutant} mutant */
export function title([suite, test, path]) {
  return `${suite}: ${test}  (${path})`;
}

/** Puts the fault into a copy of the file. @param {string} file @param {Mutant} mutant */
export function mutate(file, mutant) {
  const [, , , piece, by] = mutant;
  const text = readFileSync(file, "utf8");
  const fault = misfit(text, mutant);
  if (fault) throw new Error(`${title(mutant)}: ${fault}`);
  writeFileSync(
    file,
    text.replaceAll(piece, () => by),
  );
}

/** Why the mutant does not fit its source file, if it doesn't. @param {Mutant} mutant @returns {string | undefined} */
export function sourceMisfit(mutant) {
  const [suite, , path] = mutant;
  if (suite === "packed" && GENERATED.test(path)) return undefined;
  const file = join(ROOT, suite === "packed" ? `pkg/${path}` : path.startsWith("pkg/") ? path : `www/${path}`);
  return existsSync(file) ? misfit(readFileSync(file, "utf8"), mutant) : "there is no such file";
}

/** @param {string} text @param {Mutant} mutant @returns {string | undefined} */
function misfit(text, [, , , piece, , times = 1]) {
  const found = text.split(piece).length - 1;
  return found === times ? undefined : `occurs ${found} times and not ${times}: ${JSON.stringify(piece)}`;
}
