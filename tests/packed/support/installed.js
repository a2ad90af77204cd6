/**
 * The packed package, installed from its tarball into an empty folder as npm does it.
 *
 * SOUNDALIKE_PACKED names the folder with the tarball and `cdn.html`, as `cargo xtask` writes them.
 */

import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const PACKED =
  process.env["SOUNDALIKE_PACKED"] ?? fileURLToPath(new URL("../../../target/packed", import.meta.url));

export const TARBALL = join(PACKED, readdirSync(PACKED).find((name) => name.endsWith(".tgz")) ?? "no tarball");

/** @param {string} folder that is made */
export function installPackage(folder) {
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }');
  // The package has no dependencies, so that no registry is asked.
  execFileSync("npm", ["install", "--offline", "--no-audit", "--no-fund", "--silent", TARBALL], {
    cwd: folder,
    stdio: "inherit",
  });
}
