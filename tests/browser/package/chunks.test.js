/**
 * Songs decoded in chunks: they have the same samples as when the browser decodes the whole file,
 * in Chromium and in Firefox.
 */

import assert from "node:assert/strict";
import { readFileSync, symlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { audioFolder, launchChromium, serveSite } from "../support/harness.js";
import { hostileFiles } from "../support/hostile-files.js";
import * as odd from "../support/odd-files.js";
import { Firefox } from "../support/webdriver.js";

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));
const SITE = process.env["SOUNDALIKE_SITE"] ?? here("../../../target/site");

/** Long enough for three chunks, so that one has a chunk on both sides. */
const SONG_SECS = 62;
/**
 * Largest difference of samples for MP3. Chromium's resampler rounds differently if it starts
 * elsewhere. Firefox's MP3 decoder gives whole steps of 16 bits and carries the rounding error into
 * the next sample. So it differs by a step if it starts elsewhere, and after resampling by two.
 */
const TOLERANCES = { Chromium: 1e-6, Firefox: 2 ** -13 };
/** The same for all other formats, which are not rounded. */
const TOLERANCE = 1e-6;
/** Energy of the noise that a decoder generates, as a share of the song's. */
const MAX_NOISE = 0.01;

/** Reads of parts of a file until it is known that it must be decoded at once. */
const MAX_LOOKS = 100;

const DAMAGED = 60;
const DAMAGED_SEED = 5;

/** @typedef {import("../support/chunks-page.js").Comparison} Comparison */
/** @typedef {ReturnType<typeof audioFolder>} Audio */

const MP3 = ["-c:a", "libmp3lame", "-b:a", "128k"];
const mp3 = (/** @type {string[]} */ ...options) => ["-c:a", "libmp3lame", ...options];
const flac = (/** @type {string[]} */ ...options) => ["-c:a", "flac", ...options];
/** Without noise that the decoder generates. */
const m4a = (/** @type {string[]} */ ...options) => ["-c:a", "aac", "-aac_pns", "0", "-b:a", "128k", ...options];
const fragments = (/** @type {string} */ flags, /** @type {string[]} */ ...options) =>
  m4a("-movflags", `+frag_keyframe${flags}`, "-frag_duration", "2000000", ...options);
const vorbis = (/** @type {string[]} */ ...options) => ["-c:a", "libvorbis", ...options];
const opus = (/** @type {string[]} */ ...options) => ["-c:a", "libopus", ...options];
const wav = (/** @type {string} */ format, /** @type {string[]} */ ...options) => ["-c:a", format, ...options];

/** Beside the song. @param {string} codec @param {string[]} options */
const picture = (codec, options) => [
  "-f",
  "lavfi",
  "-i",
  "testsrc=size=320x240",
  "-shortest",
  "-c:v",
  codec,
  ...options,
];

/**
 * Files that are decoded in chunks: name, of which the first word is the ending, and ffmpeg's
 * options.
 * @type {[string, string[]][]}
 */
const IN_CHUNKS = [
  ["mp3 stereo, 128 kbit/s", mp3("-b:a", "128k")],
  ["mp3 stereo, 192 kbit/s", mp3("-b:a", "192k")],
  ["mp3 stereo, 320 kbit/s", mp3("-b:a", "320k")],
  ["mp3 without joint stereo", mp3("-b:a", "192k", "-joint_stereo", "0")],
  ["mp3 mono, 64 kbit/s", mp3("-ac", "1", "-b:a", "64k")],
  ["mp3 variable bitrate, quality 2", mp3("-q:a", "2")],
  ["mp3 variable bitrate, quality 9", mp3("-q:a", "9", "-ar", "44100")],
  ["mp3 average bitrate", mp3("-b:a", "112k", "-abr", "1")],
  ["mp3 without a bit reservoir", mp3("-b:a", "128k", "-reservoir", "0")],
  ["mp3 without an info frame", mp3("-b:a", "160k", "-write_xing", "0")],
  ["mp3 with tags at both ends", mp3("-b:a", "128k", "-metadata", `title=${"Long ".repeat(200)}`, "-write_id3v1", "1")],
  ["mp3 44.1 kHz at 32 kbit/s", mp3("-b:a", "32k", "-ar", "44100")],
  ["mp3 48 kHz", mp3("-b:a", "192k", "-ar", "48000")],
  ["mp3 32 kHz", mp3("-b:a", "96k", "-ar", "32000")],
  ["mp3 24 kHz", mp3("-b:a", "48k", "-ar", "24000")],
  ["mp3 22.05 kHz", mp3("-b:a", "32k", "-ar", "22050")],
  ["mp3 16 kHz, mono", mp3("-b:a", "16k", "-ar", "16000", "-ac", "1")],
  ["mp3 11.025 kHz, mono", mp3("-b:a", "16k", "-ar", "11025", "-ac", "1")],
  ["mp3 8 kHz, mono, 8 kbit/s", mp3("-b:a", "8k", "-ar", "8000", "-ac", "1")],
  ["mp3 48 kHz without an info frame", mp3("-q:a", "4", "-ar", "48000", "-write_xing", "0")],
  ["wav 16 bits", wav("pcm_s16le")],
  ["wav 8 bits, mono, 8 kHz", wav("pcm_u8", "-ar", "8000", "-ac", "1")],
  ["wav 24 bits, 48 kHz", wav("pcm_s24le", "-ar", "48000")],
  ["wav 32 bits, 96 kHz", wav("pcm_s32le", "-ar", "96000")],
  ["wav floating point, 22.05 kHz", wav("pcm_f32le", "-ar", "22050")],
  ["wav A-law, mono, 8 kHz", wav("pcm_alaw", "-ar", "8000", "-ac", "1")],
  ["wav μ-law", wav("pcm_mulaw")],
  ["flac stereo", flac()],
  ["flac mono, 48 kHz", flac("-ac", "1", "-ar", "48000")],
  ["flac 24 bits, 96 kHz", flac("-sample_fmt", "s32", "-ar", "96000")],
  ["flac 22.05 kHz, least compressed", flac("-ar", "22050", "-compression_level", "0")],
  ["m4a stereo", m4a()],
  ["m4a mono, 48 kHz", m4a("-ac", "1", "-ar", "48000")],
  ["m4a 32 kHz", m4a("-ar", "32000")],
  ["m4a with inexact times", m4a("-af", "asetnsamples=1024,asetpts=PTS+448*not(mod(floor(N/1024)\\,5))")],
  ["m4a with its header first", m4a("-movflags", "+faststart")],
  ["m4a without an edit list", m4a("-use_editlist", "0")],
  ["mp4 with video", picture("libx264", m4a())],
  ["m4a in fragments", m4a("-movflags", "+frag_keyframe+empty_moov")],
  ["m4a in fragments of 2 seconds, after an edit", fragments("+delay_moov")],
  ["mp4 in fragments of one frame", m4a("-movflags", "+frag_every_frame+empty_moov+default_base_moof")],
  ["mp4 in fragments as for DASH, 48 kHz", fragments("+dash+global_sidx", "-ar", "48000")],
  ["mp4 in fragments, with video", picture("libx264", fragments("+empty_moov+default_base_moof"))],
  ["aac stereo", m4a()],
  ["aac mono, 48 kHz", m4a("-ac", "1", "-ar", "48000")],
  ["aac 22.05 kHz", m4a("-ar", "22050")],
  ["ogg Vorbis stereo", vorbis("-q:a", "4")],
  ["ogg Vorbis mono, 48 kHz", vorbis("-ac", "1", "-ar", "48000")],
  ["ogg Vorbis 22.05 kHz, least quality", vorbis("-ar", "22050", "-q:a", "-1")],
  ["ogg Vorbis in short pages", vorbis("-q:a", "8", "-page_duration", "100000")],
  [
    "ogg with a header of many pages",
    vorbis(..."abc".split("").flatMap((key) => ["-metadata", `${key}=${"Long ".repeat(20_000)}`])),
  ],
  ["ogg Opus stereo", opus("-b:a", "96k")],
  ["opus mono, 24 kbit/s", opus("-ac", "1", "-b:a", "24k")],
  [
    "opus of speech, 24 kbit/s, 60 ms",
    opus("-ac", "1", "-b:a", "24k", "-application", "voip", "-frame_duration", "60"),
  ],
  ["opus 5 ms", opus("-b:a", "128k", "-frame_duration", "5")],
  ["oga FLAC stereo", flac()],
  ["oga FLAC mono", flac("-ac", "1")],
  ["oga FLAC 24 bits, 96 kHz", flac("-sample_fmt", "s32", "-ar", "96000")],
  ["webm Opus stereo", opus("-b:a", "128k")],
  ["webm Opus mono, 24 kbit/s", opus("-ac", "1", "-b:a", "24k")],
  ["webm Opus, live", opus("-live", "1")],
  ["webm Vorbis stereo", vorbis()],
  ["webm Vorbis mono, 48 kHz", vorbis("-ac", "1", "-ar", "48000")],
  ["webm Opus with video", picture("libvpx", opus())],
  [
    "mkv Vorbis with large pictures",
    picture("mjpeg", ["-q:v", "2", "-vf", "noise=alls=100:allf=t,scale=640:360", "-r", "1", ...vorbis()]),
  ],
  ["mka Opus", opus()],
];

/** @typedef {[name: string, options: string[], change: (bytes: Buffer) => Buffer]} ChangedFile */

/**
 * Files that are decoded in chunks although their end is damaged, they contain more than sound, or
 * their layout is unusual.
 * @type {ChangedFile[]}
 */
const CHANGED = [
  [
    "mp3 with the tag of another program at its end",
    MP3,
    (bytes) => Buffer.concat([bytes, Buffer.from(`APETAGEX${"Title\0".repeat(2000)}`)]),
  ],
  ["mp3 with a second tag before it", MP3, odd.tagged],
  ["mp3 cut off in a frame", MP3, (bytes) => bytes.subarray(0, bytes.length - 12_345)],
  ["mp3 with a few bytes too many", MP3, (bytes) => Buffer.concat([bytes, Buffer.alloc(100, "too many ")])],
  ["flac of unknown length", flac(), odd.flacOfUnknownLength],
  ["flac with a large header", flac(), odd.flacWithPadding],
  [
    "m4a with gaps as iTunes writes them",
    m4a("-fflags", "+bitexact", "-map_metadata", "-1", "-use_editlist", "0"),
    odd.m4aWithGaps,
  ],
  ["m4a in fragments with other base offsets", fragments("+empty_moov"), odd.m4aWithOtherBases],
  ["m4a in fragments without times", fragments("+empty_moov"), odd.m4aWithoutTimes],
  ["oga FLAC that does not state the size of its header", flac(), odd.oggWithoutACount],
  ["webm as browsers record it", opus("-flags", "+bitexact"), odd.webmAsRecorded],
];

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
  ["m4a in fragments, with two sound tracks", fragments("+empty_moov", "-map", "0", "-map", "0"), (bytes) => bytes],
  ["m4a with two sound tracks", m4a("-map", "0", "-map", "0"), (bytes) => bytes],
  ["m4a of another codec", ["-c:a", "flac", "-f", "mp4", "-strict", "-2"], (bytes) => bytes],
  ["m4a without its end", m4a("-movflags", "+faststart"), (bytes) => bytes.subarray(0, bytes.length - 100_000)],
  ["ogg of less than 40 seconds", vorbis("-t", "39"), (bytes) => bytes],
  ["ogg of two songs", vorbis(), odd.oggChained],
  ["ogg of two streams", vorbis(), odd.oggMultiplexed],
  ["ogg of a codec that no browser knows", ["-c:a", "libspeex"], (bytes) => bytes],
  ["aac of less than 40 seconds", m4a("-t", "39"), (bytes) => bytes],
  ["aac with damage", m4a(), (bytes) => bytes.fill(0x55, 700_000, 703_000)],
  ["webm of less than 40 seconds", opus("-t", "39"), (bytes) => bytes],
  ["webm with two sound tracks", opus("-map", "0", "-map", "0"), (bytes) => bytes],
  ["webm with lacing", opus(), odd.webmWithLacing],
  ["webm with an encoding", opus(), odd.webmWithEncodings],
  ["webm without its end", opus(), (bytes) => bytes.subarray(0, bytes.length - 100_000)],
  ["webm twice in one file", opus(), (bytes) => Buffer.concat([bytes, bytes])],
  ["mka of another codec", m4a(), (bytes) => bytes],
  ["ogg with noise at its end", opus(), (bytes) => Buffer.concat([bytes, Buffer.alloc(200_000, "noise")])],
];

/** Files that turn out as such only when their chunks are decoded. @type {ChangedFile[]} */
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

describe("chunks", () => {
  const audio = audioFolder();
  /** @type {Awaited<ReturnType<typeof serveSite>>} */
  let site;
  /** @type {import("playwright-core").Browser} */
  let chromium;
  /** @type {import("playwright-core").Page} */
  let page;
  /** @type {Firefox} */
  let firefox;
  /** @type {string} */
  let song;

  before(async () => {
    const left = audio.tune("left.wav", 1, SONG_SECS);
    const right = audio.tune("right.wav", 7, SONG_SECS);
    song = audio.encoded("song.wav", left, ["-i", right, "-filter_complex", "[0][1]amerge=inputs=2"]);
    const folder = dirname(audio.file("chunks-page.js", readFileSync(here("../support/chunks-page.js"))));
    audio.file(
      "index.html",
      '<!doctype html><meta charset="utf-8"><title>chunks</title><script type="module" src="chunks-page.js"></script>',
    );
    symlinkSync(join(SITE, "pkg"), join(folder, "pkg"));
    site = await serveSite(folder);
    chromium = await launchChromium();
    page = await chromium.newPage();
    await page.goto(site.url);
    firefox = await Firefox.launch();
    await firefox.open(site.url);
  });

  after(async () => {
    await firefox?.close();
    await chromium?.close();
    site?.close();
    audio.remove();
  });

  /**
   * Makes a file of the song, whose ending is the first word of the name.
   * @param {string} what
   * @param {string[]} options
   * @param {(bytes: Buffer) => Buffer} [change]
   */
  function encoded(what, options, change) {
    const [ending] = what.split(" ");
    const name = `${what.replaceAll(/\W+/g, "-")}.${ending}`;
    const path = audio.encoded(name, song, options);
    if (change) audio.file(name, change(readFileSync(path)));
    return name;
  }

  /**
   * @param {string} name of a file in the folder
   * @param {string} [fault]
   * @returns {Promise<["Chromium" | "Firefox", Comparison][]>} by browser
   */
  async function compared(name, fault) {
    const given = /** @type {const} */ ([name, fault ?? ""]);
    return [
      ["Chromium", await page.evaluate((given) => /** @type {any} */ (globalThis).compare(...given), given)],
      ["Firefox", await firefox.run((...given) => /** @type {any} */ (globalThis).compare(...given), ...given)],
    ];
  }

  /**
   * @param {string} name of the file
   * @param {"Chromium" | "Firefox"} browser
   * @param {Comparison} comparison
   */
  function assertSame(name, browser, { isWhole, lengths, difference, error }) {
    const where = `${name} in ${browser}`;
    const tolerance = name.endsWith(".mp3") ? TOLERANCES[browser] : TOLERANCE;
    assert.ok(!isWhole, `${where}: decoded at once`);
    assert.equal(error, "", where);
    assert.equal(lengths[0], lengths[1], where);
    assert.ok(difference <= tolerance, `${where}: ${difference}`);
  }

  for (const [what, options] of IN_CHUNKS) {
    test(`${what}: the same samples`, async (context) => {
      const name = encoded(what, options);
      for (const [browser, comparison] of await compared(name)) {
        context.diagnostic(`${browser}: ${JSON.stringify(comparison)}`);
        assertSame(name, browser, comparison);
        assert.equal(comparison.chunks, 3, browser);
      }
    });
  }

  for (const [what, options, change] of CHANGED) {
    test(`${what}: the same samples`, async (context) => {
      const name = encoded(what, options, change);
      for (const [browser, comparison] of await compared(name)) {
        context.diagnostic(`${browser}: ${JSON.stringify(comparison)}`);
        assertSame(name, browser, comparison);
      }
    });
  }

  test("flac with frames of several sizes: the same samples", async () => {
    const [long, short] = [4096, 1024].map((size) =>
      readFileSync(join(dirname(song), encoded(`flac in frames of ${size}`, flac("-frame_size", String(size))))),
    );
    const name = basename(
      audio.file("several-sizes.flac", odd.flacOfTwoSizes(/** @type {Buffer} */ (long), /** @type {Buffer} */ (short))),
    );
    for (const [browser, comparison] of await compared(name)) {
      assertSame(name, browser, comparison);
      assert.equal(comparison.chunks, 3, browser);
    }
  });

  for (const [ending, options, paddingSamples] of /** @type {const} */ ([
    ["flac", flac(), 0],
    ["aac", m4a(), 2048],
  ])) {
    test(`${ending} with a tag before it: decoded, even where a browser can't decode it at once`, async () => {
      for (const [browser, { isWhole, lengths, error, difference }] of await compared(
        encoded(`${ending} with a tag before it`, options, odd.tagged),
      )) {
        assert.ok(!isWhole, browser);
        const added = Number(lengths[0]) - SONG_SECS * 44_100;
        assert.ok(added >= 0 && added <= paddingSamples, `${browser}: ${added} samples too many`);
        if (error === "") assert.ok(difference <= TOLERANCE, `${browser}: ${difference}`);
      }
    });
  }

  test("m4a in which the encoder found noise: the same song, with other noise", async (context) => {
    const name = encoded("m4a with noise", ["-c:a", "aac", "-b:a", "64k"]);
    for (const [browser, comparison] of await compared(name)) {
      context.diagnostic(`${browser}: ${JSON.stringify(comparison)}`);
      const { isWhole, lengths, difference, noise } = comparison;
      assert.ok(!isWhole, browser);
      assert.equal(lengths[0], lengths[1], browser);
      assert.ok(difference > TOLERANCE, `${browser}: no noise, so nothing was tested`);
      assert.ok(noise < MAX_NOISE, `${browser}: ${noise}`);
    }
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

  for (const [ending, options] of Object.entries({
    mp3: MP3,
    wav: wav("pcm_s16le"),
    flac: flac(),
    m4a: m4a(),
    ogg: vorbis(),
    opus: opus(),
    webm: opus(),
    oga: flac(),
    mp4: fragments("+empty_moov"),
    aac: m4a(),
  })) {
    test(`${ending} that is too long is refused before decoding; a cancelled one stops after some chunks`, async () => {
      const name = encoded(`${ending} for its endings`, options);
      for (const endings of [
        await page.evaluate((file) => /** @type {any} */ (globalThis).endings(file), name),
        await firefox.run((file) => /** @type {any} */ (globalThis).endings(file), name),
      ]) {
        assert.deepEqual(endings, [
          { code: "too-long", chunks: 0 },
          { code: "aborted", chunks: 3 },
        ]);
      }
    });
  }

  test(`${DAMAGED} damaged songs: the same samples, or decoded at once`, async (context) => {
    const counts = { same: 0, atOnce: 0, neither: 0 };
    for (const { name, what } of hostileFiles(audio, DAMAGED, DAMAGED_SEED, SONG_SECS)) {
      for (const [browser, comparison] of await compared(name)) {
        if (!comparison.isWhole) assertSame(`${what}, ${name}`, browser, comparison);
        counts[!comparison.isWhole ? "same" : comparison.error ? "neither" : "atOnce"]++;
      }
    }
    context.diagnostic(JSON.stringify(counts));
    assert.ok(counts.same > 10 && counts.atOnce > 10, JSON.stringify(counts));
  });
});
