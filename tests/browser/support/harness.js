/** Harness of the end-to-end tests: a server for the site, Chromium, and audio files. */

import { execFileSync } from "node:child_process";
import { createReadStream, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { tune, wav } from "./inputs/music.js";
import { StaticServer } from "./static-server.js";

const CHROMIUM_FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-background-networking",
  "--no-first-run",
  "--disable-sync",
  "--disable-component-update",
  "--disable-quic",
];

/** WebGPU in software: slow, but the same code path. */
export const WEBGPU_FLAGS = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan"];

/** Lets pages that a test makes up, which have no address, send requests to this machine. */
export const LOCAL_REQUESTS = ["--disable-features=LocalNetworkAccessChecks"];

/** The built site. */
export const SITE = process.env["SOUNDALIKE_SITE"] ?? fileURLToPath(new URL("../../../target/site", import.meta.url));

/**
 * Serves a folder, or uses the server that SOUNDALIKE_URL names.
 * @param {string} [folder]
 * @param {Object} [options]
 * @param {Record<string, string>} [options.headers] additional ones
 * @param {Record<string, string>} [options.appended] text added to the end of files, by path
 * @param {Record<string, number>} [options.delaysMs] time before the answer, by path
 * @returns {Promise<{ url: string, close: () => void }>}
 */
export async function serveSite(folder = SITE, { headers = {}, appended = {}, delaysMs = {} } = {}) {
  const running = process.env["SOUNDALIKE_URL"];
  if (running) return { url: running.replace(/\/?$/, "/"), close: () => {} };
  if (!existsSync(join(folder, "index.html"))) throw new Error(`no site at ${folder}: run \`cargo xtask web\` first`);
  const server = new StaticServer({ "/": folder }, async ({ path, file, mediaType }, _, response) => {
    if (delaysMs[path] !== undefined) await new Promise((resolve) => setTimeout(resolve, delaysMs[path]));
    response.writeHead(200, {
      "content-type": mediaType,
      "content-length": statSync(file).size + Buffer.byteLength(appended[path] ?? ""),
      // Like a CDN: pages of other origins may import the package from here.
      "access-control-allow-origin": "*",
      ...headers,
    });
    const content = createReadStream(file);
    content.pipe(response, { end: false });
    content.on("end", () => response.end(appended[path]));
  });
  const url = await server.listen();
  return { url: `${url}/`, close: () => server.close() };
}

/**
 * A Chromium with a fresh profile.
 * @param {string[]} flags @param {import("playwright-core").LaunchOptions} [options]
 */
export function launchChromium(flags = [], options = {}) {
  return chromium.launch({ executablePath: chromiumPath(), args: [...CHROMIUM_FLAGS, ...flags], ...options });
}

/**
 * A Chromium that keeps its profile in a folder.
 * @param {string} profile @param {string[]} [flags]
 */
export function launchChromiumProfile(profile, flags = []) {
  const args = [...CHROMIUM_FLAGS, ...flags];
  return chromium.launchPersistentContext(profile, { executablePath: chromiumPath(), args });
}

/**
 * A page of the site that loads nothing.
 * @param {import("playwright-core").Browser} browser @param {string} siteUrl
 */
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
  const folder = mkdtempSync(join(tmpdir(), "soundalike-browser-"));
  const path = (/** @type {string} */ name) => join(folder, name);
  const all = {
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
    /**
     * Converts a file with ffmpeg.
     * @param {string} name @param {string} source @param {string[]} options
     */
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
    /**
     * A copy at another pitch, as MP3 of 128 kbit/s.
     * @param {string} name @param {string} source @param {number} semitones
     */
    transposed(name, source, semitones) {
      return all.encoded(name, source, ["-af", pitchShift(semitones), "-c:a", "libmp3lame", "-b:a", "128k"]);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
  return all;
}

/**
 * A pitch shift that keeps the tempo, made of filters that every build of ffmpeg has.
 * @param {number} semitones
 */
export function pitchShift(semitones, sampleRateHz = 44_100) {
  const ratio = 2 ** (semitones / 12);
  return `asetrate=${Math.round(sampleRateHz * ratio)},aresample=${sampleRateHz},atempo=${(1 / ratio).toFixed(6)}`;
}
