/**
 * The packed package in React, Vue, Svelte, Next.js and a browser extension, each with a comparison
 * in Chromium. By hand, as it installs the frameworks from the registry and builds with them:
 *
 *     cargo xtask check packed && cd tests/packed && npm run frameworks [-- NAME ...]
 */

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { launchChromium, launchChromiumProfile, serveSite } from "../../browser/support/harness.js";
import { tune, wav } from "../../browser/support/inputs/music.js";
import { TARBALL } from "../support/installed.js";

const SITES = fileURLToPath(new URL("sites", import.meta.url));
const WAIT_MS = 90_000;
const VITE = ["vite@8.4.0"];
/** Packages of each framework, beside ours. @type {Record<string, string[]>} */
const PACKAGES = {
  react: [...VITE, "react@19.3.1", "react-dom@19.3.1"],
  vue: [...VITE, "vue@3.5.45"],
  svelte: [...VITE, "svelte@5.57.3", "@sveltejs/vite-plugin-svelte@7.3.1"],
  next: ["next@16.4.6", "react@19.3.1", "react-dom@19.3.1"],
  extension: [],
};

const root = mkdtempSync(join(tmpdir(), "soundalike-frameworks-"));
const song = join(root, "song.wav");
writeFileSync(song, wav(tune(1, 8)));
const wanted = process.argv.slice(2);
try {
  for (const name of wanted.length > 0 ? wanted : Object.keys(PACKAGES)) {
    const folder = join(root, name);
    cpSync(join(SITES, name), folder, { recursive: true });
    await tryFramework(name, folder);
    console.log(`${name}: a comparison, properties that come and go, no errors`);
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}

/** @param {string} name @param {string} folder with its site */
async function tryFramework(name, folder) {
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }');
  execFileSync("npm", ["install", "--no-audit", "--no-fund", "--silent", TARBALL, ...(PACKAGES[name] ?? [])], {
    cwd: folder,
    stdio: "inherit",
  });
  if (name === "next") await tryNext(folder);
  else if (name === "extension") await tryExtension(folder);
  else await tryBuilt(name, folder);
}

/** A site that Vite builds. @param {string} name @param {string} folder */
async function tryBuilt(name, folder) {
  if (name === "svelte") {
    const config = 'import { svelte } from "@sveltejs/vite-plugin-svelte";\nexport default { plugins: [svelte()] };\n';
    writeFileSync(join(folder, "vite.config.js"), config);
  }
  execFileSync("npx", ["vite", "build", "--logLevel", "error"], { cwd: folder, stdio: "inherit" });
  cpSync(song, join(folder, "dist/song.wav"));
  const site = await serveSite(join(folder, "dist"));
  await tryPage(site.url).finally(site.close);
}

/** @param {string} folder */
async function tryNext(folder) {
  mkdirSync(join(folder, "public"));
  cpSync(song, join(folder, "public/song.wav"));
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1" };
  execFileSync("npx", ["next", "build"], { cwd: folder, env, stdio: "inherit" });
  const server = spawn("node", ["node_modules/next/dist/bin/next", "start", "--port", "0"], { cwd: folder, env });
  try {
    const url = await new Promise((resolve, reject) => {
      server.once("exit", reject);
      server.stdout.on("data", (text) => {
        const found = /http:\/\/localhost:\d+/.exec(String(text));
        if (found) resolve(`${found[0]}/`);
      });
    });
    const html = await (await fetch(url)).text();
    assert.match(html, /<sound-alike/, "the element is not rendered on the server");
    await tryPage(url);
  } finally {
    server.kill();
  }
}

/** @param {string} folder */
async function tryExtension(folder) {
  cpSync(join(folder, "node_modules/soundalike"), join(folder, "soundalike"), { recursive: true });
  rmSync(join(folder, "node_modules"), { recursive: true });
  cpSync(song, join(folder, "song.wav"));
  const flags = [`--disable-extensions-except=${folder}`, `--load-extension=${folder}`];
  const context = await launchChromiumProfile(join(folder, "../profile"), flags);
  try {
    const [worker = await context.waitForEvent("serviceworker")] = context.serviceWorkers();
    await tryOpened(await context.newPage(), `chrome-extension://${new URL(worker.url()).host}/page.html`);
  } finally {
    await context.close();
  }
}

/** @param {string} url */
async function tryPage(url) {
  const browser = await launchChromium();
  try {
    await tryOpened(await browser.newPage(), url);
  } finally {
    await browser.close();
  }
}

/** @param {import("playwright-core").Page} page @param {string} url */
async function tryOpened(page, url) {
  const faults = /** @type {string[]} */ ([]);
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  page.setDefaultTimeout(WAIT_MS);
  await page.goto(url);
  const right = page.locator('sound-alike [data-side="right"]');
  await right.waitFor();
  await page.click("#give");
  await right.waitFor({ state: "hidden" });
  await page.locator("sound-alike input").first().setInputFiles(song);
  await page.locator("output").getByText("nearly-identical").waitFor();
  // A property that is undefined counts as absent.
  await page.click("#take");
  await right.waitFor();
  assert.equal(await page.locator("sound-alike").getAttribute("reference"), null);
  assert.deepEqual(faults, []);
}
