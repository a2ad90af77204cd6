/** The page: what a visitor does and reads. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { audioFolder, launchChromium, pitchShift, serveSite } from "./harness.js";

const CHECK_TIMEOUT_MS = 90_000;
/** The longest task on the main thread that is accepted, in processor time, which a busy machine does not change. */
const LONGEST_TASK_MS = 100;

describe("page", () => {
  const audio = audioFolder();
  /** @type {Awaited<ReturnType<typeof serveSite>>} */
  let site;
  /** @type {import("playwright-core").Browser} */
  let browser;
  /** @type {import("playwright-core").Page} */
  let page;
  /** @type {string[]} */
  let requests;
  const songs = /** @type {Record<string, string>} */ ({});

  before(async () => {
    songs.original = audio.tune("original.wav", 1, 20);
    songs.copy = audio.encoded("copy.mp3", songs.original, ["-af", pitchShift(2), "-c:a", "libmp3lame", "-b:a", "128k"]);
    songs.sameCopy = audio.file("same-copy.mp3", readFileSync(songs.copy));
    songs.unrelated = audio.tune("unrelated.wav", 7, 18);
    songs.long = audio.tune("long.wav", 3, 120);
    songs.video = audio.encoded("video.mp4", songs.original, ["-f", "lavfi", "-i", "color=size=64x64:rate=5", "-shortest", "-c:v", "mpeg4", "-c:a", "aac"]);
    songs.empty = audio.file("empty.mp3", "");
    songs.text = audio.file("text.mp3", "These are words and no song.\n".repeat(200));
    songs.short = audio.tune("short.wav", 1, 1);
    songs.silent = audio.encoded("silent.wav", songs.original, ["-af", "volume=0"]);
    site = await serveSite();
    browser = await launchChromium();
  });

  after(async () => {
    await browser?.close();
    site?.close();
    audio.remove();
  });

  beforeEach(async () => {
    page = await browser.newPage();
    requests = [];
    page.on("request", (request) => requests.push(request.url()));
    await page.addInitScript(observePolicyViolations);
    await page.goto(`${site.url}?backend=cpu`);
  });

  afterEach(async () => {
    assert.deepEqual(await page.evaluate("policyViolations"), [], "the page's own Content-Security-Policy was violated");
    const foreign = requests.filter((url) => !url.startsWith(site.url) && !url.startsWith(`blob:${site.url}`) && !url.startsWith("data:"));
    assert.deepEqual(foreign, [], "requests left the site");
    await page.close();
  });

  /** @param {"left" | "right"} side @param {string} file */
  const give = (side, file) => page.locator("input[type=file]").nth(side === "left" ? 0 : 1).setInputFiles(file);

  async function report() {
    const standing = page.locator("[data-verdict]");
    await standing.waitFor({ timeout: CHECK_TIMEOUT_MS });
    return { verdict: await standing.getAttribute("data-verdict"), score: Number(await standing.getAttribute("data-score")) };
  }

  test("a re-encoded copy two semitones higher is recognised", async () => {
    await give("left", songs.original);
    await give("right", songs.copy);
    const { verdict, score } = await report();
    assert.ok(score >= 0.5 && score <= 1, `score ${score}`);
    assert.notEqual(verdict, "different");
    assert.match(await page.locator("#verdict-words").innerText(), /original\.wav/);
    assert.match(await page.locator("#chips").innerText(), /CPU/);
    assert.ok((await page.locator("#passages li").count()) >= 1, "no passage is listed");
    assert.match(await page.locator(".zone.left").innerText(), /original\.wav[^]*0:20/);
  });

  test("an unrelated song is different", async () => {
    await give("left", songs.original);
    await give("right", songs.unrelated);
    const { verdict, score } = await report();
    assert.ok(score < 0.5, `score ${score}`);
    assert.equal(verdict, "different");
    assert.equal(await page.locator("#verdict-title").innerText(), "Different songs");
  });

  test("the sound track of a video is used", async () => {
    await give("left", songs.original);
    await give("right", songs.video);
    assert.notEqual((await report()).verdict, "different");
  });

  test("the example runs", async () => {
    await page.click("#example");
    assert.notEqual((await report()).verdict, "different");
  });

  for (const [file, code] of /** @type {const} */ ([
    ["empty", "no-audio"],
    ["text", "decode-failed"],
    ["short", "too-short"],
    ["silent", "silent"],
  ])) {
    test(`a bad file (${file}) is named, and the page stays usable`, async () => {
      await give("left", songs[file]);
      await give("right", songs.copy);
      const error = page.locator("#error");
      await error.waitFor({ timeout: CHECK_TIMEOUT_MS });
      assert.equal(await error.getAttribute("data-code"), code);
      assert.match(await error.innerText(), new RegExp(`“${file}\\.`), "the sentence names the file");
      assert.equal(await page.locator("[data-verdict]").count(), 0);
      await give("left", songs.original);
      assert.notEqual((await report()).verdict, "different");
      assert.ok(await error.isHidden());
    });
  }

  test("a cancelled check ends at once, and the next one works", async () => {
    await give("left", songs.long);
    await give("right", songs.long);
    await page.waitForFunction(() => /** @type {HTMLProgressElement} */ (document.querySelector("#progress-bar")).value > 0, undefined, { polling: 10 });
    await page.click("#cancel");
    assert.ok(await page.locator("#progress").isHidden());
    assert.equal(await page.locator("[data-verdict]").count(), 0);
    await give("left", songs.original);
    await give("right", songs.copy);
    assert.notEqual((await report()).verdict, "different");
  });

  test("two songs dropped together fill both sides", async () => {
    const files = [songs.original, songs.unrelated].map((path) => ({ name: path.replace(/^.*\//, ""), base64: readFileSync(path).toString("base64") }));
    const transfer = await page.evaluateHandle((given) => {
      const data = new DataTransfer();
      for (const { name, base64 } of given) data.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name));
      return data;
    }, files);
    await page.dispatchEvent(".zone.right", "drop", { dataTransfer: transfer });
    assert.equal((await report()).verdict, "different");
    assert.match(await page.locator(".zone.right").innerText(), /original\.wav/);
    assert.match(await page.locator(".zone.left").innerText(), /unrelated\.wav/);
  });

  test("the keyboard reaches the zones and opens the file dialogue", async () => {
    const chooser = page.waitForEvent("filechooser");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement?.closest(".zone")?.className), "zone left");
    await page.keyboard.press("Enter");
    await (await chooser).setFiles(songs.original);
    assert.match(await page.locator(".zone.left").innerText(), /original\.wav/);
  });

  test("pointing at a passage lights up its block, ribbon and diagonal, and its button plays it in both songs", async () => {
    await give("left", songs.original);
    await give("right", songs.copy);
    await report();
    await page.locator("#passages li").first().hover();
    for (const part of [".block", ".ribbon", ".diagonal"]) {
      assert.match((await page.locator(`${part}[data-passage="0"]`).first().getAttribute("class")) ?? "", /active/, part);
    }
    const button = page.locator("#passages button").first();
    await button.click();
    await page.waitForFunction(() => document.querySelectorAll(".playhead.on").length === 2);
    await button.click();
    assert.equal(await page.locator(".playhead.on").count(), 0);
  });

  test("the report is saved as JSON and CSV", async () => {
    await give("left", songs.original);
    await give("right", songs.copy);
    const { score } = await report();
    const [json] = await Promise.all([page.waitForEvent("download"), page.click("#save-json")]);
    const saved = JSON.parse(readFileSync(await json.path(), "utf8"));
    assert.equal(saved.score, score);
    assert.equal(saved.left.name, "original.wav");
    assert.equal(saved.backend, "cpu");
    assert.equal(saved.matrix.scores.length, saved.matrix.rows * saved.matrix.cols);
    const [csv] = await Promise.all([page.waitForEvent("download"), page.click("#save-csv")]);
    const lines = readFileSync(await csv.path(), "utf8").trim().split("\r\n");
    assert.equal(lines.length, 1 + saved.passages.length);
    assert.match(lines[1], /^original\.wav,copy\.mp3,\d+\.\d,/);
  });

  test("the details name the files by their SHA-256", async () => {
    await give("left", songs.original);
    await give("right", songs.copy);
    await report();
    await page.click("#facts summary");
    const digest = createHash("sha256").update(readFileSync(songs.copy)).digest("hex");
    await page.getByText(`copy.mp3, SHA-256 ${digest}`).waitFor();
  });

  test("no task on the main thread is long", async () => {
    await browser.startTracing(page, { categories: ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"] });
    await give("left", songs.long);
    await give("right", songs.original);
    await report();
    await page.waitForTimeout(500);
    /** @type {{ traceEvents: { name: string, pid: number, tid: number, ts: number, tdur?: number, args: { name?: string } }[] }} */
    const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
    const mainThreads = new Set(
      traceEvents.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain").map(({ pid, tid }) => `${pid} ${tid}`),
    );
    const tasksMs = traceEvents
      .filter(({ name, pid, tid }) => name.endsWith("RunTask") && mainThreads.has(`${pid} ${tid}`))
      .map(({ tdur = 0 }) => tdur / 1000);
    assert.ok(tasksMs.length > 50, `only ${tasksMs.length} tasks were seen`);
    const longestMs = Math.max(...tasksMs);
    assert.ok(longestMs <= LONGEST_TASK_MS, `a task took ${longestMs} ms`);
  });

  test("after the first visit the page works with the network off", async () => {
    const needed = ["/", "/style.css", "/verdict.js", "/pkg/worker.js", "/pkg/wasm/cpu/soundalike_bg.wasm", "/pkg/wasm/weights.safetensors"];
    for (let kept = /** @type {string[]} */ ([]); !needed.every((path) => kept.includes(path)); await page.waitForTimeout(100)) {
      kept = await page.evaluate(async () => (await (await caches.open("soundalike")).keys()).map(({ url }) => new URL(url).pathname));
    }
    await page.context().setOffline(true);
    await page.reload();
    await give("left", songs.original);
    await give("right", songs.copy);
    assert.notEqual((await report()).verdict, "different");
  });

  test("a song that stays is not analysed again", async () => {
    await give("left", songs.original);
    await give("right", songs.copy);
    const first = await report();
    await page.evaluate(() => {
      const seen = /** @type {{ stages: string[], reports: number }} */ ({ stages: [], reports: 0 });
      const stage = /** @type {Element} */ (document.querySelector("#progress-stage"));
      new MutationObserver(() => seen.stages.push(stage.textContent ?? "")).observe(stage, { childList: true });
      const result = /** @type {Element} */ (document.querySelector("#result"));
      new MutationObserver(() => {
        if (result.hasAttribute("data-score")) seen.reports++;
      }).observe(result, { attributeFilter: ["data-score"] });
      Object.assign(globalThis, { seen });
    });
    await give("right", songs.sameCopy);
    await page.waitForFunction(() => /** @type {any} */ (globalThis).seen.reports > 0);
    assert.deepEqual(await report(), first);
    const stages = /** @type {string[]} */ (await page.evaluate("seen.stages"));
    assert.ok(!stages.some((stage) => stage.includes("original.wav")), "the unchanged song was analysed again");
    assert.ok(stages.some((stage) => stage.includes("same-copy.mp3")), "the song that was given anew was not analysed");
  });
});

function observePolicyViolations() {
  const violations = /** @type {string[]} */ ([]);
  Object.assign(globalThis, { policyViolations: violations });
  addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => violations.push(`${violatedDirective} ${blockedURI}`));
}
