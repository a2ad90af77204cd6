/** What every end-to-end test needs: the site served, a real Chromium, and audio files. */

import { execFileSync } from "node:child_process";
import { createReadStream, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { tune, wav } from "./music.js";

/** @type {Record<string, string>} */
const MEDIA_TYPES = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".mp3": "audio/mpeg",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

const CHROMIUM_FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-background-networking",
  "--no-first-run",
  "--disable-sync",
  "--disable-component-update",
  "--disable-quic",
];

/** Software WebGPU: slow, but the real code path. */
export const WEBGPU_FLAGS = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan"];

/** The built site. */
export const SITE = process.env["SOUNDALIKE_SITE"] ?? fileURLToPath(new URL("../../../target/site", import.meta.url));

/**
 * Serves a folder, or takes the server that SOUNDALIKE_URL names.
 * @param {string} [folder]
 * @param {{ headers?: Record<string, string>, appended?: Record<string, string> }} [options] `headers` beside the usual ones;
 *   `appended`, by path, what stands at the end of a file from now on
 * @returns {Promise<{ url: string, close: () => void }>}
 */
export async function serveSite(folder = SITE, { headers = {}, appended = {} } = {}) {
  const running = process.env["SOUNDALIKE_URL"];
  if (running) return { url: running.replace(/\/?$/, "/"), close: () => {} };
  if (!existsSync(join(folder, "index.html"))) throw new Error(`no site at ${folder}: run \`cargo xtask web\` first`);
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
    const file = join(folder, normalize(path.endsWith("/") ? `${path}index.html` : path));
    if (!file.startsWith(folder) || !existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {
      "content-type": MEDIA_TYPES[extname(file)] ?? "application/octet-stream",
      "content-length": statSync(file).size + Buffer.byteLength(appended[path] ?? ""),
      // As a CDN does, for pages of other origins that use the package from here.
      "access-control-allow-origin": "*",
      ...headers,
    });
    const content = createReadStream(file);
    content.pipe(response, { end: false });
    content.on("end", () => response.end(appended[path]));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    url: `http://localhost:${port}/`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** A Chromium with a fresh profile. @param {string[]} flags @param {import("playwright-core").LaunchOptions} [options] */
export function launchChromium(flags = [], options = {}) {
  return chromium.launch({ executablePath: chromiumPath(), args: [...CHROMIUM_FLAGS, ...flags], ...options });
}

/** A Chromium that keeps its profile in a folder, as a visitor's does. @param {string} profile */
export function launchChromiumProfile(profile) {
  return chromium.launchPersistentContext(profile, { executablePath: chromiumPath(), args: CHROMIUM_FLAGS });
}

/** A page of the site that loads nothing by itself. @param {import("playwright-core").Browser} browser @param {string} siteUrl */
export async function openBlankPage(browser, siteUrl) {
  const page = await browser.newPage();
  await page.route("**/blank.html", (route) =>
    route.fulfill({ contentType: "text/html", body: "<!doctype html><title>blank</title>" }),
  );
  await page.goto(`${siteUrl}blank.html`);
  return page;
}

function chromiumPath() {
  const named = process.env["CHROMIUM"];
  if (named) return named;
  try {
    return execFileSync("sh", ["-c", "command -v chromium || command -v google-chrome"], { encoding: "utf8" }).trim();
  } catch {
    throw new Error("Chromium is missing: install it (Debian: apt-get install chromium) or name it in CHROMIUM");
  }
}

/** A folder of audio files for one test file; `remove` deletes it. */
export function audioFolder() {
  const folder = mkdtempSync(join(tmpdir(), "soundalike-e2e-"));
  const path = (/** @type {string} */ name) => join(folder, name);
  return {
    /** A tune as WAV. @param {string} name @param {number} seed @param {number} durationSecs */
    tune(name, seed, durationSecs) {
      writeFileSync(path(name), wav(tune(seed, durationSecs)));
      return path(name);
    },
    /** @param {string} name @param {string | Buffer} content */
    file(name, content) {
      writeFileSync(path(name), content);
      return path(name);
    },
    /** Another file through ffmpeg. @param {string} name @param {string} source @param {string[]} options */
    encoded(name, source, options) {
      try {
        execFileSync("ffmpeg", ["-v", "error", "-y", "-i", source, ...options, path(name)], {
          stdio: ["ignore", "ignore", "pipe"],
        });
      } catch (error) {
        if (/** @type {NodeJS.ErrnoException} */ (error).code === "ENOENT") {
          throw new Error("ffmpeg is missing: install it (Debian: apt-get install ffmpeg)");
        }
        throw error;
      }
      return path(name);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A pitch shift that keeps the tempo, with nothing but filters that every ffmpeg has. @param {number} semitones */
export function pitchShift(semitones, sampleRateHz = 44_100) {
  const ratio = 2 ** (semitones / 12);
  return `asetrate=${Math.round(sampleRateHz * ratio)},aresample=${sampleRateHz},atempo=${(1 / ratio).toFixed(6)}`;
}
