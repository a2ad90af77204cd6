/**
 * Songs that are decoded at once, because they are short or their chunks would give other samples.
 */

import assert from "node:assert/strict";
import { basename } from "node:path";
import { describe, test } from "node:test";
import { MP3, chunksVisits, flac, fragments, m4a, mp3, opus, vorbis, wav } from "../support/chunks-visit.js";
import * as odd from "../support/inputs/odd-files.js";

/** Reads of parts of a file until it is known that it must be decoded at once. */
const MAX_LOOKS = 100;

/** Options for a second of the song, which is small in every format. */
const SHORT = ["-t", "1", "-ac", "1", "-ar", "8000"];

/** @typedef {import("../support/chunks-visit.js").ChangedFile} ChangedFile */

/**
 * Files that must be decoded at once, because their chunks would give other samples.
 * @type {ChangedFile[]}
 */
const AT_ONCE = [
  ["mp3 twice in one file", mp3("-b:a", "128k"), (bytes) => Buffer.concat([bytes, bytes])],
  [
    "mp3 twice in one file, without tags",
    mp3("-b:a", "128k", "-id3v2_version", "0"),
    (bytes) => Buffer.concat([bytes, bytes]),
  ],
  ["mp3 that states fewer frames", mp3("-b:a", "128k"), withFewerFrames],
  ["mp3 with noise in its middle", mp3("-b:a", "128k"), (bytes) => bytes.fill(0x55, 300_000, 303_000)],
  ["mp3 with a frame of no named bitrate", mp3("-b:a", "128k"), withFreeFrame],
  [
    "mp3 with the info frame of another encoder",
    mp3("-b:a", "128k"),
    (bytes) => Buffer.from(bytes.toString("latin1").replace(/(?:Info|Xing)[^]{4}/, "VBRI\0\x01\0\0"), "latin1"),
  ],
  ["mp3 of less than 40 seconds", mp3("-b:a", "128k", "-t", "39"), (bytes) => bytes],
  ["mp3 that is layer II", ["-c:a", "mp2", "-f", "mp2"], (bytes) => bytes],
  ["wav of less than 40 seconds", wav("pcm_s16le", "-t", "39"), (bytes) => bytes],
  ["wav that is compressed", wav("adpcm_ms"), (bytes) => bytes],
  ["wav that states a larger size", wav("pcm_s16le"), (bytes) => bytes.subarray(0, bytes.length - 1_000_000)],
  ["flac of less than 40 seconds", flac("-t", "39"), (bytes) => bytes],
  ["flac without its end", flac(), (bytes) => bytes.subarray(0, bytes.length - 1_000_000)],
  [
    "flac with an invalid first frame",
    flac(),
    (bytes) => bytes.fill(0, bytes.indexOf(Buffer.of(0xff, 0xf8)), bytes.indexOf(Buffer.of(0xff, 0xf8)) + 4),
  ],
  ["m4a of less than 40 seconds", m4a("-t", "39"), (bytes) => bytes],
  ["m4a in fragments, the first of them in its header", fragments(""), odd.m4aWithoutTimes],
  ["m4a in fragments, without its end", fragments("+empty_moov"), (bytes) => bytes.subarray(0, bytes.length - 100_000)],
  ["m4a in fragments, of which one is missing", fragments("+empty_moov+default_base_moof"), odd.m4aWithoutAFragment],
  [
    "m4a in fragments, with two sound tracks",
    fragments("+empty_moov", "-map", "0", "-map", "0", "-disposition:a", "default"),
    (bytes) => bytes,
  ],
  ["m4a with two sound tracks", m4a("-map", "0", "-map", "0", "-disposition:a", "default"), (bytes) => bytes],
  ["m4a of another codec", ["-c:a", "flac", "-f", "mp4", "-strict", "-2"], (bytes) => bytes],
  ["m4a without its end", m4a("-movflags", "+faststart"), (bytes) => bytes.subarray(0, bytes.length - 100_000)],
  ["ogg of less than 40 seconds", vorbis("-t", "39"), (bytes) => bytes],
  ["ogg of two songs", vorbis(), odd.oggChained],
  ["ogg of two streams", vorbis(), odd.oggMultiplexed],
  ["ogg of a codec that no browser knows", ["-c:a", "libspeex"], (bytes) => bytes],
  ["aac of less than 40 seconds", m4a("-t", "39"), (bytes) => bytes],
  ["aac with damage", m4a(), (bytes) => bytes.fill(0x55, 700_000, 703_000)],
  ["webm of less than 40 seconds", opus("-t", "39"), (bytes) => bytes],
  ["webm with two sound tracks", opus("-map", "0", "-map", "0", "-disposition:a", "default"), (bytes) => bytes],
  ["webm with lacing", opus(), odd.webmWithLacing],
  ["webm with an encoding", opus(), odd.webmWithEncodings],
  ["webm without its end", opus(), (bytes) => bytes.subarray(0, bytes.length - 100_000)],
  ["webm twice in one file", opus(), (bytes) => Buffer.concat([bytes, bytes])],
  ["mka of another codec", m4a(), (bytes) => bytes],
  ["ogg with noise at its end", opus(), (bytes) => Buffer.concat([bytes, Buffer.alloc(200_000, "noise")])],
];

/** Files whose chunks are decoded and then found different. @type {ChangedFile[]} */
const FOUND_OUT = [
  // At this bitrate the decoder remembers for seconds.
  ["opus of speech, 16 kbit/s", opus("-ac", "1", "-b:a", "16k", "-application", "voip"), (bytes) => bytes],
  ["ogg twice, as one stream", vorbis(), (bytes) => Buffer.concat([bytes, bytes])],
  ["flac without a frame in its middle", flac(), odd.flacWithoutAFrame],
];

/** Files whose sound would be found only after hundreds of reads. @type {ChangedFile[]} */
const TOO_MANY = [
  ["mp3 with hundreds of tags", MP3, odd.withHundredsOfTags],
  ["aac with hundreds of tags", m4a(), odd.withHundredsOfTags],
  ["flac with hundreds of tags", flac(), odd.withHundredsOfTags],
  ["m4a with hundreds of boxes", m4a(), odd.m4aWithHundredsOfBoxes],
  ["m4a with hundreds of boxes in its header", m4a(), odd.m4aWithHundredsOfBoxesInside],
  [
    "m4a in fragments with hundreds of boxes",
    fragments("+empty_moov+default_base_moof"),
    odd.m4aWithHundredsOfBoxesAfterItsHeader,
  ],
  ["webm with hundreds of elements", opus(), odd.webmWithHundredsOfElements],
];

/** @param {Buffer} bytes */
function withFewerFrames(bytes) {
  const at = bytes.indexOf("Info") + 8;
  bytes.writeUInt32BE(bytes.readUInt32BE(at) - 100, at);
  return bytes;
}

/** @param {Buffer} bytes whose frames have a bitrate of 128 kbit/s at 44.1 kHz */
function withFreeFrame(bytes) {
  for (let at = bytes.length >> 1; ; at++) {
    if (bytes.readUInt16BE(at) >>> 4 !== 0xfff || bytes[at + 2] >>> 4 !== 9) continue;
    bytes[at + 2] &= 0x0f;
    return bytes;
  }
}

describe("songs decoded at once", () => {
  const visit = chunksVisits();
  const { audio, encoded, compared } = visit;

  test("a short song loads no cutter, a long one does", async () => {
    const page = await visit.openPage();
    const compare = (/** @type {string} */ name) =>
      page.evaluate((file) => /** @type {any} */ (globalThis).compare(file), name);
    /** Modules of `containers/` that the page has loaded. */
    const loaded = () =>
      page.evaluate(() =>
        performance
          .getEntriesByType("resource")
          .flatMap(({ name }) => name.split("/decode/containers/")[1] ?? [])
          .sort(),
      );
    for (const ending of ["mp3", "flac", "wav"])
      assert.ok((await compare(basename(audio.encoded(`short.${ending}`, visit.song, SHORT)))).isWhole, ending);
    assert.deepEqual(await loaded(), ["container.js"]);
    assert.equal((await compare(encoded("mp3 that is long", MP3))).isWhole, false);
    assert.ok((await loaded()).includes("mp3/cutter.js"));
    await page.close();
  });

  for (const [what, options, change] of AT_ONCE) {
    test(`${what}: decoded at once`, async () => {
      for (const [browser, { isWhole, chunks, lengths, error }] of await compared(encoded(what, options, change))) {
        assert.ok(isWhole, browser);
        assert.equal(chunks, 0, `${browser} decoded chunks for nothing`);
        if (!/compressed|layer|without its end|in its header|no browser|damage/.test(what))
          assert.ok((lengths[1] ?? 0) > 30 * 44_100, `${browser}: ${error}`);
      }
    });
  }

  for (const [what, options, change] of TOO_MANY) {
    test(`${what}: refused after a few reads`, async (context) => {
      for (const [browser, comparison] of await compared(encoded(what, options, change))) {
        context.diagnostic(`${browser}: ${JSON.stringify(comparison)}`);
        const { isWhole, chunks, looks } = comparison;
        assert.ok(looks > 0 && looks <= MAX_LOOKS, `${browser}: ${looks} looks`);
        assert.ok(isWhole, browser);
        assert.equal(chunks, 0, browser);
      }
    });
  }

  for (const [what, options, change] of FOUND_OUT) {
    test(`${what}: decoded at once in the end`, async () => {
      for (const [browser, { isWhole, chunks }] of await compared(encoded(what, options, change))) {
        assert.ok(isWhole, browser);
        assert.ok(chunks > 0, browser);
      }
    });
  }

  for (const fault of ["begins a frame late", "is a frame short", "is louder", "fails"]) {
    test(`a decoder whose second chunk ${fault}: the song is decoded at once`, async () => {
      const name = encoded("mp3 for a faulty decoder", mp3("-b:a", "128k"));
      for (const [browser, { isWhole }] of await compared(name, fault)) assert.ok(isWhole, browser);
    });
  }
});
