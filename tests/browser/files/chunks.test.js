/**
 * Songs decoded in chunks: they have the same samples as when the browser decodes the whole file,
 * in Chromium and in Firefox.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, test } from "node:test";
import {
  MP3,
  SONG_SECS,
  TOLERANCE,
  assertSame,
  chunksVisits,
  flac,
  fragments,
  m4a,
  mp3,
  opus,
  picture,
  vorbis,
  wav,
} from "../support/chunks-visit.js";
import { hostileFiles } from "../support/inputs/hostile-files.js";
import * as odd from "../support/inputs/odd-files.js";

/** Energy of the noise that a decoder generates, as a share of the song's. */
const MAX_NOISE = 0.01;

const DAMAGED = 78;
const DAMAGED_SEED = 3;

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

/**
 * Files that are decoded in chunks although their end is damaged, they contain more than sound, or
 * their layout is unusual.
 * @type {import("../support/chunks-visit.js").ChangedFile[]}
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

describe("chunks", () => {
  const visit = chunksVisits();
  const { audio, encoded, compared } = visit;

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
      readFileSync(join(dirname(visit.song), encoded(`flac in frames of ${size}`, flac("-frame_size", String(size))))),
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
      for (const endings of await visit.endings(name)) {
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
    assert.ok(counts.same > 5 && counts.atOnce > 5, JSON.stringify(counts));
  });
});
