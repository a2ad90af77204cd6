/**
 * The package as it is published: installed from its tarball into an empty folder, and used by a
 * site without a build step and by sites that Vite, webpack and esbuild build, each opened in
 * Chromium.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import * as esbuild from "esbuild";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import * as vite from "vite";
import webpack from "webpack";
import { launchChromium, serveSite } from "../browser/support/harness.js";
import { tune, wav } from "../browser/support/inputs/music.js";
import { PACKED, TARBALL, installPackage } from "./support/installed.js";

const CHECK_TIMEOUT_MS = 90_000;
const CONSUMER = fileURLToPath(new URL("consumer", import.meta.url));
/** Results of a song with itself, with another one, and with itself in the element. */
const VERDICTS = "nearly-identical different nearly-identical";

describe("packed package", () => {
  const root = mkdtempSync(join(tmpdir(), "soundalike-packed-"));
  /** The folder into which the tarball is installed. */
  const installed = join(root, "installed");
  const songs = { "song.wav": wav(tune(1, 8)), "other.wav": wav(tune(7, 8)) };
  /** @type {import("playwright-core").Browser} */
  let browser;

  before(async () => {
    installPackage(installed);
    browser = await launchChromium();
  });

  after(async () => {
    await browser?.close();
    rmSync(root, { recursive: true, force: true });
  });

  /** Copies the consumer's site into a folder with the installed package. @param {string} name */
  function consumer(name) {
    const folder = join(root, name);
    cpSync(installed, folder, { recursive: true });
    cpSync(CONSUMER, folder, { recursive: true });
    return folder;
  }

  /** @param {string} folder */
  function addSongs(folder) {
    for (const [name, content] of Object.entries(songs)) writeFileSync(join(folder, name), content);
  }

  /**
   * Replaces a text in a file, which must contain it.
   * @param {string} path @param {string} piece @param {string} by
   */
  function edit(path, piece, by) {
    const text = readFileSync(path, "utf8");
    assert.ok(text.includes(piece), `${path} holds no ${piece}`);
    writeFileSync(
      path,
      text.replace(piece, () => by),
    );
  }

  /** Opens a site and waits until its checks are done. @param {string} url */
  async function verdictsAt(url) {
    const page = await browser.newPage();
    const faults = /** @type {string[]} */ ([]);
    const modules = /** @type {string[]} */ ([]);
    page.on("pageerror", (error) => faults.push(String(error)));
    page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
    page.on("response", (response) => {
      if (response.status() >= 400) faults.push(`${response.status()} ${response.url()}`);
      if (/\.wasm\b/.test(response.url())) modules.push(response.url());
    });
    await page.goto(url);
    const done = page.locator("body[data-verdicts]");
    await Promise.race([
      done.waitFor({ timeout: CHECK_TIMEOUT_MS }),
      page.waitForEvent("pageerror", { timeout: CHECK_TIMEOUT_MS }),
    ]).catch(() => {});
    assert.deepEqual(faults, []);
    const verdicts = await done.getAttribute("data-verdicts");
    await page.close();
    assert.deepEqual(modules.length, 1, `without WebGPU one module is enough: ${modules}`);
    return verdicts;
  }

  /** @param {string} folder */
  async function verdictsOfFolder(folder) {
    addSongs(folder);
    const site = await serveSite(folder);
    try {
      return await verdictsAt(site.url);
    } finally {
      site.close();
    }
  }

  test("a site without a build step uses it", async () => {
    const folder = consumer("plain");
    const imports = {
      soundalike: "./node_modules/soundalike/index.js",
      "soundalike/element": "./node_modules/soundalike/element.js",
    };
    edit(
      join(folder, "index.html"),
      "<body>",
      `<script type="importmap">${JSON.stringify({ imports })}</script>\n<body>`,
    );
    assert.equal(await verdictsOfFolder(folder), VERDICTS);
  });

  test("a site that Vite builds uses it", async () => {
    const folder = consumer("vite");
    const outDir = join(folder, "dist");
    await vite.build({ root: folder, configFile: false, logLevel: "error", build: { outDir } });
    assert.equal(await verdictsOfFolder(outDir), VERDICTS);
  });

  test("Vite's development server serves it, left out of dependency optimisation", async () => {
    const folder = consumer("vite-dev");
    mkdirSync(join(folder, "public"));
    addSongs(join(folder, "public"));
    const server = await vite.createServer({
      root: folder,
      configFile: false,
      logLevel: "error",
      server: { host: "127.0.0.1", port: 0 },
      optimizeDeps: { exclude: ["soundalike"] },
    });
    try {
      await server.listen();
      assert.equal(await verdictsAt(String(server.resolvedUrls?.local[0])), VERDICTS);
    } finally {
      await server.close();
    }
  });

  test("a site that webpack builds uses it", async () => {
    const folder = consumer("webpack");
    const path = join(folder, "dist");
    const stats = await new Promise((resolve, reject) => {
      webpack(
        { context: folder, mode: "production", entry: "./main.js", output: { path, filename: "main.js" } },
        (error, result) => (error ? reject(error) : resolve(result)),
      );
    });
    assert.deepEqual(stats.toJson({ errors: true, warnings: false }).errors, []);
    cpSync(join(folder, "index.html"), join(path, "index.html"));
    assert.equal(await verdictsOfFolder(path), VERDICTS);
  });

  test("a site that esbuild builds uses it, with the package's files beside it", async () => {
    const folder = consumer("esbuild");
    const outdir = join(folder, "dist");
    await esbuild.build({
      absWorkingDir: folder,
      entryPoints: ["main.js"],
      bundle: true,
      minify: true,
      format: "esm",
      outdir,
      logLevel: "error",
    });
    cpSync(join(folder, "node_modules/soundalike"), join(outdir, "soundalike"), { recursive: true });
    cpSync(join(folder, "index.html"), join(outdir, "index.html"));
    edit(join(outdir, "index.html"), "<html", '<html data-assets="/soundalike/"');
    assert.equal(await verdictsOfFolder(outdir), VERDICTS);
  });

  test("unused imports cost nothing, and the element is kept", async () => {
    /** @param {string} contents */
    const bundled = async (contents) => {
      const options = {
        stdin: { contents, resolveDir: installed },
        bundle: true,
        minify: true,
        format: /** @type {const} */ ("esm"),
        write: false,
      };
      return (await esbuild.build(options)).outputFiles[0]?.text ?? "";
    };
    assert.equal(await bundled('import { createChecker } from "soundalike";'), "");
    assert.match(await bundled('import "soundalike/element";'), /customElements\.define\("sound-alike"/);
  });

  for (const moduleResolution of ["bundler", "nodenext"]) {
    test(`a strict TypeScript project compiles against its types (${moduleResolution})`, () => {
      const folder = consumer(`types-${moduleResolution}`);
      const tsc = join(
        createRequire(new URL("../browser/package.json", import.meta.url)).resolve("typescript/package.json"),
        "../bin/tsc",
      );
      const module = moduleResolution === "bundler" ? "es2022" : "nodenext";
      const strict = [
        "--noEmit",
        "--strict",
        "--exactOptionalPropertyTypes",
        "--noUncheckedIndexedAccess",
        "--skipLibCheck",
        "false",
      ];
      const target = ["--target", "es2022", "--lib", "es2022,esnext.disposable,dom,dom.iterable", "--types", ""];
      try {
        execFileSync(
          "node",
          [tsc, ...strict, ...target, "--module", module, "--moduleResolution", moduleResolution, "types.ts"],
          { cwd: folder, encoding: "utf8" },
        );
      } catch (error) {
        assert.fail(/** @type {{ stdout: string }} */ (error).stdout);
      }
    });
  }

  test("a server can import it, and a check there says what is missing", () => {
    const program = `
      const { createChecker, Song } = await import("soundalike");
      await import("soundalike/element");
      new Song("/song.mp3");
      await createChecker().catch(({ code, message }) => console.log(code, message));`;
    const said = execFileSync("node", ["--input-type=module", "--eval", program], { cwd: installed, encoding: "utf8" });
    assert.match(said, /^unsupported-browser This browser lacks .*Web Audio/);
  });

  test("its exports and types resolve", async () => {
    const { messages, pkg } = await publint({
      pkgDir: join(installed, "node_modules/soundalike"),
      pack: false,
      strict: true,
    });
    assert.deepEqual(
      messages.map((message) => formatMessage(message, pkg)),
      [],
    );
    const analysis = await checkPackage(createPackageFromTarballData(readFileSync(TARBALL)));
    assert.ok(analysis.types, "the package carries no types");
    // ECMAScript modules only: CommonJS and Node 10 are not supported.
    const problems = analysis.problems.filter(
      (problem) => !("resolutionKind" in problem && ["node10", "node16-cjs"].includes(problem.resolutionKind)),
    );
    assert.deepEqual(problems, []);
  });

  test("it holds what it needs, runs nothing when installed and depends on nothing", () => {
    const folder = join(installed, "node_modules/soundalike");
    const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    for (const field of ["scripts", "dependencies", "peerDependencies", "optionalDependencies", "bundleDependencies"]) {
      assert.equal(manifest[field], undefined, field);
    }
    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
    for (const needed of [
      "README.md",
      "LICENSE-MIT",
      "LICENSE-APACHE",
      "THIRD-PARTY-NOTICES.txt",
      "index.js",
      "index.d.ts",
      "element.d.ts",
      "sound-alike.d.ts",
      "worker.js",
      "wasm/weights.safetensors",
    ]) {
      assert.ok(files.includes(needed), `${needed} is missing`);
    }
    assert.deepEqual(
      files.filter(
        (file) => !/\.(js|d\.ts|wasm|safetensors|md)$|^package\.json$|^LICENSE-|^THIRD-PARTY-NOTICES\.txt$/.test(file),
      ),
      [],
    );
    // A dependency of both modules, one of the larger module alone, and the text of a licence.
    const notices = readFileSync(join(folder, "THIRD-PARTY-NOTICES.txt"), "utf8");
    for (const words of [/^rustfft \d[^]*MIT/m, /^burn-wgpu \d/m, /Permission is hereby granted/])
      assert.match(notices, words);
    const example = /```js\n([^]*?)```/.exec(readFileSync(join(folder, "README.md"), "utf8"))?.[1] ?? "";
    assert.match(example, /createChecker/);
    assert.ok(example.trim().split("\n").length <= 10, "the README's first example is longer than ten lines");
  });

  test("its scripts have no comments, and its declarations have them", () => {
    const folder = join(installed, "node_modules/soundalike");
    const text = (/** @type {string} */ path) => readFileSync(join(folder, path), "utf8");
    const scripts = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".js"));
    assert.ok(scripts.length > 20);
    for (const script of scripts) assert.doesNotMatch(text(script), /\/\*\*|^\s*\/\/ /m, script);
    assert.match(text("index.d.ts"), /\/\*\*/);
    // Bundlers find the worker by the first expression, and ignore the engine's import by the
    // second.
    assert.ok(
      text("engine/spawn.js").includes('new Worker(new URL("../worker.js", import.meta.url), { type: "module" })'),
    );
    assert.match(text("worker.js"), /import\(\/\* webpackIgnore: true \*\/ \/\* @vite-ignore \*\/ \w+\)/);
  });

  test("from a CDN, every module of the page is checked against its hash", async (t) => {
    const cdn = await serveSite(withIndex(join(consumer("cdn"), "node_modules/soundalike")));
    t.after(cdn.close);
    const folder = join(root, "cdn-user");
    mkdirSync(folder);
    addSongs(folder);
    const cdnUrl = cdn.url.replace("localhost", "127.0.0.1");
    const snippet = readFileSync(join(PACKED, "cdn.html"), "utf8").replaceAll(
      /https:\/\/cdn\.example\/[^/]+\//g,
      cdnUrl,
    );
    assert.ok(!snippet.includes("cdn.example"));
    const page = `<!doctype html><link rel="icon" href="data:,">${snippet}<script type="module">
      document.addEventListener("soundalike-report", ({ target }) => {
        document.body.dataset.verdicts = target.dataset.verdict;
      });
      customElements.whenDefined("sound-alike").then(() => {
        const element = document.querySelector("sound-alike");
        element.setSong("right", "/song.wav");
        element.setSong("left", "/song.wav");
      });</script>`;
    writeFileSync(join(folder, "index.html"), page);
    const site = await serveSite(folder);
    t.after(site.close);
    const context = await browser.newContext({ permissions: ["local-network-access"] });
    t.after(() => context.close());
    const whole = await context.newPage();
    await whole.goto(site.url);
    const done = whole.locator("body[data-verdicts]");
    await done.waitFor({ timeout: CHECK_TIMEOUT_MS });
    assert.equal(await done.getAttribute("data-verdicts"), "nearly-identical");
    // A module that only another one imports: the `integrity` of the script tag doesn't cover it.
    appendFileSync(join(root, "cdn/node_modules/soundalike/engine/engine.js"), "\nglobalThis.tampered = true;\n");
    const refused = await context.newPage();
    const complaint = refused.waitForEvent("console", {
      predicate: (message) => /integrity/i.test(message.text()),
      timeout: CHECK_TIMEOUT_MS,
    });
    await refused.goto(site.url);
    assert.match((await complaint).text(), /engine\.js/);
    assert.equal(await refused.evaluate("globalThis.tampered ?? customElements.get('sound-alike')"), undefined);
  });

  /** The server needs an `index.html`, which a CDN doesn't have. @param {string} folder */
  function withIndex(folder) {
    writeFileSync(join(folder, "index.html"), "");
    return folder;
  }
});
