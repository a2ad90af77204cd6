/**
 * Faults in the package as it is installed from its tarball; paths are those in the package. The
 * tarball's scripts are printed by esbuild: the replaced texts must be the same there and in `pkg`.
 */

/** @import { Mutant } from "./mutant.js" */

/** @type {Mutant[]} */
export const PACKED_MUTANTS = [
  [
    "packed",
    "a site without a build step",
    "engine/spawn.js",
    'new URL("../worker.js", import.meta.url)',
    'new URL("../workers.js", import.meta.url)',
  ],
  [
    "packed",
    "a site that Vite builds",
    "engine/spawn.js",
    'return new Worker(new URL("../worker.js", import.meta.url), { type: "module" });',
    'const at = "../worker" + ".js";\n    return new Worker(new URL(at, import.meta.url), { type: "module" });',
  ],
  ["packed", "Vite's development server", "worker.js", "/* @vite-ignore */ glueUrl)", '"./wasm/cpu/nowhere.js")'],
  [
    "packed",
    "a site that webpack builds",
    "engine/loader.js",
    'new URL("../wasm/weights.safetensors", import.meta.url).href',
    'new URL(["../wasm", "weights.safetensors"].join("/"), import.meta.url).href',
  ],
  ["packed", "a site that esbuild builds", "engine/loader.js", "if (assetsUrl !==", "if (false && assetsUrl !=="],
  [
    "packed",
    "unused imports cost nothing",
    "index.js",
    "const sharedEngines =",
    'console.info("soundalike");\nconst sharedEngines =',
  ],
  ["packed", "unused imports cost nothing", "package.json", '"./element.js", ', ""],
  ["packed", "compiles against its types \\(bundler\\)", "index.d.ts", "compare(", "compares("],
  ["packed", "a server can import it", "element.js", "globalThis.HTMLElement ??", "window.HTMLElement ??"],
  [
    "packed",
    "its exports and types resolve",
    "package.json",
    '"types": "./index.d.ts", "default"',
    '"types": "./nowhere.d.ts", "default"',
  ],
  [
    "packed",
    "it holds what it needs",
    "package.json",
    '"type": "module"',
    '"type": "module", "scripts": { "install": "true" }',
  ],
  [
    "packed",
    "checked against its hash",
    "shared/errors.js",
    "export class CheckerError",
    "export /* changed */ class CheckerError",
  ],
];
