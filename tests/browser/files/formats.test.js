/**
 * Formats and channels: files that no browser decodes are decoded by a module of their own, or
 * named with what to do; and the channels of a song become one signal, as a listener hears them.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { packageInBlankPage } from "../support/blank-page.js";
import { audioFolder } from "../support/harness.js";
import { EVEN_FRAMES, FOREIGN, freeFormat, swapped } from "../support/inputs/foreign-formats.js";

/** Long enough to be cut into chunks where a browser decodes it. */
const SONG_SECS = 45;
/** Encoders keep this much of a song. */
const SAME = 0.9;

/** Seconds of the first of three MP3 files that were joined. */
const JOINED = /** @type {Record<string, number>} */ ({ "rates.mp3": 45, "channels.mp3": 5, "alike.mp3": 5 });
/** Options of FFmpeg for the second. */
const TAILS = /** @type {Record<string, string[]>} */ ({ "rates.mp3": ["-ar", "48000"], "channels.mp3": ["-ac", "1"] });

/** The first bytes of files that can't be decoded, and words of the sentence about them. */
const REFUSED = /** @type {[string, string, RegExp][]} */ ([
  ["a.avi", "RIFF????AVI ", /is an AVI video.*Save its sound as MP3 or WAV/],
  ["a.flv", "FLV\x01", /is a Flash video/],
  ["a.bin", "0&\xb2u\x8ef\xcf\x11", /is a Windows Media file/],
  ["a.tta", "TTA1", /is a True Audio file/],
  ["a.wv", "wvpk", /is a WavPack file/],
  ["gsm.wav", "RIFF????WAVEfmt \x14\0\0\x001\0", /is a WAV file of GSM 6\.10, which can’t be decoded here/],
  ["a.spx", `OggS${"\0".repeat(24)}Speex   `, /is a Speex file/],
  ["a.ac3", "\x0bw", /is a Dolby Digital file/],
  ["a.ts", `G${"\0".repeat(187)}G`, /is an MPEG transport stream/],
  ["a.m4a", "\0\0\0 ftypM4P ", /is protected against copying/],
  ["b.m4a", "\0\0\0 ftypisom", /is an MP4 or M4A file, and holds no sound that can be decoded here/],
  ["a.aiff", "FORM????AIFF", /is an AIFF file that can’t be decoded here: it is damaged/],
  ["a.mid", "MThd", /holds notes, and no sound/],
]);

/** Options of FFmpeg for files whose sound no browser here decodes, and words of the sentence. */
const SILENT = /** @type {Record<string, [string[], RegExp]>} */ ({
  "ac3.mkv": [["-c:a", "ac3"], /has its sound in Dolby Digital \(AC-3\).*Save its sound as MP3 or WAV/],
  "ac3.mp4": [["-c:a", "ac3"], /has its sound in Dolby Digital \(AC-3\).*Save its sound as MP3 or WAV/],
  "eac3.mkv": [["-c:a", "eac3"], /has its sound in Dolby Digital Plus \(E-AC-3\), which can’t be decoded here/],
  "eac3.mp4": [["-c:a", "eac3"], /has its sound in Dolby Digital Plus \(E-AC-3\), which can’t be decoded here/],
  "truehd.mkv": [["-strict", "-2", "-c:a", "truehd"], /has its sound in Dolby TrueHD/],
  "both.mkv": [
    ["-map", "0", "-map", "0", "-c:a:0", "ac3", "-c:a:1", "aac"],
    /\(AC-3\).*Choose another of its sound tracks/,
  ],
  "both.mp4": [
    ["-map", "0", "-map", "0", "-c:a:0", "ac3", "-c:a:1", "aac"],
    /\(AC-3\).*Choose another of its sound tracks/,
  ],
});

describe("formats", () => {
  const blank = packageInBlankPage();
  const audio = audioFolder();
  /** @type {Record<string, string>} */
  const files = {};

  before(() => {
    const song = audio.tune("song.wav", 3, SONG_SECS);
    files["song.wav"] = song;
    for (const [name, options] of Object.entries(FOREIGN))
      files[name] = audio.encoded(name, song, ["-t", "6", "-ac", "2", ...options]);
    for (const [name, [options]] of Object.entries(SILENT))
      files[name] = audio.encoded(name, song, ["-t", "6", ...options]);
    const other = audio.tune("other.wav", 8, SONG_SECS);
    const tracks = ["-i", song, "-map", "0", "-map", "1", "-disposition:a:0", "0", "-disposition:a:1", "default"];
    files["two.mkv"] = audio.encoded("two.mkv", other, [...tracks, "-c:a", "libopus"]);
    files["two.mp4"] = audio.encoded("two.mp4", other, [...tracks, "-c:a", "aac"]);
    const even = audio.encoded("even.mp3", song, ["-t", "6", "-ac", "2", "-c:a", "libmp3lame", ...EVEN_FRAMES]);
    files["free.mp3"] = audio.file("free.mp3", freeFormat(readFileSync(even)));
    files["swapped.wav"] = audio.file("swapped.wav", swapped(readFileSync(song)));
    const cancelling = "pan=stereo|c0=c0|c1=-1*c0";
    files["inverted.wav"] = audio.encoded("inverted.wav", song, ["-af", cancelling]);
    files["inverted.mp3"] = audio.encoded("inverted.mp3", song, ["-af", cancelling, "-b:a", "192k"]);
    for (const [name, secs] of Object.entries(JOINED)) {
      const head = audio.encoded(`head of ${name}`, other, ["-t", `${secs}`, "-b:a", "128k"]);
      const tail = audio.encoded(`tail of ${name}`, song, ["-t", "6", "-b:a", "64k", ...(TAILS[name] ?? [])]);
      files[name] = audio.file(name, Buffer.concat([head, tail, head].map((path) => readFileSync(path))));
    }
    files["inverted.aiff"] = audio.encoded("inverted.aiff", song, ["-af", cancelling]);
  });
  after(() => audio.remove());
  beforeEach(() =>
    blank.page.route("**/given/*", (route) =>
      route.fulfill({ path: files[basename(new URL(route.request().url()).pathname)] }),
    ),
  );

  /** Compares a file with the song. @param {string} name @param {string} [code] runs before */
  const compared = (name, code = "") =>
    blank.run(`
      globalThis.checker ??= await soundalike.createChecker({ backend: "cpu" });
      globalThis.song ??= new soundalike.Song("/given/song.wav");
      ${code}
      return outcome(async () => {
        const report = await checker.compare("/given/${name}", song);
        const end = report.passages[0]?.leftEndSecs;
        return { score: report.score, end, secs: report.left.durationSecs, leftOut: report.left.leftOutShare };
      });`);

  test("files that browsers refuse are decoded", async () => {
    for (const name of [...Object.keys(FOREIGN), "free.mp3"]) {
      const { value, message } = await compared(name);
      assert.ok(value?.score > SAME, `${name}: ${message ?? value.score}`);
      assert.ok(Math.abs(value.secs - 6) < 0.1, `${name} lasts ${value.secs} s`);
    }
  });

  test("a WAV file of the other byte order is no noise", async () => {
    const { value, message } = await compared("swapped.wav");
    assert.ok(value?.score > 0.99, message ?? value.score);
  });

  for (const name of ["inverted.wav", "inverted.mp3", "inverted.aiff"])
    test(`channels that cancel out are heard: ${name}`, async () => {
      const { value, message } = await compared(name);
      assert.ok(value?.score > 0.99, message ?? value.score);
      assert.ok(value.leftOut < 0.05, `${value.leftOut} of it was left out`);
    });

  for (const name of ["two.mkv", "two.mp4"])
    test(`of two sound tracks the default one is compared: ${name}`, async () => {
      const { value, message } = await compared(name);
      assert.ok(value?.score > SAME, message ?? value.score);
    });

  for (const [name, secs] of Object.entries(JOINED))
    test(`joined MP3 files are compared to their end: ${name}`, async () => {
      const { value, message } = await compared(name);
      assert.ok(value?.score > SAME, message ?? value.score);
      // Each encoder adds less than 0.1 s.
      assert.ok(Math.abs(value.secs - 2 * secs - 6) < 0.3, `${value.secs} s`);
      assert.ok(Math.abs(value.end - secs - 6) < 1, `the second ends at ${value.end} s`);
    });

  test("a voice in the centre of six channels counts, and low frequencies don’t", async () => {
    const { centre, low } = await blank.run(`
      const checker = await soundalike.createChecker({ backend: "cpu" });
      const silence = new Float32Array(a.length);
      const score = async (...samples) => (await checker.compare({ samples, sampleRateHz: 44100 }, a)).score;
      const quiet = b.map((sample) => sample * 0.3);
      return {
        centre: await score(quiet, quiet, a, silence, silence, silence),
        low: await score(a, a, a, b.map((sample) => sample * 3), silence, silence),
      };`);
    assert.ok(centre > SAME, `centre: ${centre}`);
    assert.ok(low > 0.99, `low frequencies: ${low}`);
  });

  test("files that can’t be decoded are named", async () => {
    const given = REFUSED.map(([name, head]) => [
      name,
      Buffer.from(head.padEnd(4000, "\0"), "latin1").toString("base64"),
    ]);
    const outcomes = await blank.run(`
      const checker = await soundalike.createChecker({ backend: "cpu" });
      const outcomes = [];
      for (const [name, content] of ${JSON.stringify(given)}) {
        const file = new File([Uint8Array.from(atob(content), (byte) => byte.charCodeAt(0))], name);
        outcomes.push(await outcome(() => checker.compare(file, a)));
      }
      return outcomes;`);
    for (const [index, [name, , words]] of REFUSED.entries()) {
      assert.equal(outcomes[index].code, "decode-failed", name);
      assert.match(outcomes[index].message, words);
    }
  });

  test("sound in a video that can’t be decoded is named", async () => {
    for (const [name, [, words]] of Object.entries(SILENT)) {
      const { code, message } = await compared(name);
      assert.equal(code, "decode-failed", name);
      assert.match(message, words);
    }
  });

  test("without the module, such a file is named, and other files are still compared", async () => {
    await blank.page.route("**/wasm/decoder/*", (route) => route.abort());
    const { code, message } = await compared("16.aiff");
    assert.equal(code, "decode-failed");
    assert.match(message, /“16\.aiff” is an AIFF file, and what decodes such files could not be loaded\. Check/);
    const free = await compared("free.mp3");
    assert.match(free.message, /“free\.mp3” is an MP3 file of free format, and what decodes such files could not/);
    assert.ok((await compared("song.wav")).value?.score > 0.99);
  });

  test("the module is loaded for a file that needs it, and for no other", async () => {
    const loaded = `
      const entries = performance.getEntriesByType("resource");
      return entries.filter(({ name }) => /foreign|decoder/.test(name)).length;`;
    await compared("song.wav");
    assert.equal(await blank.run(loaded), 0);
    await compared("16.aiff");
    assert.ok((await blank.run(loaded)) > 0);
  });
});
