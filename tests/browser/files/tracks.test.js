/** Sound tracks: of several in a file, the default one is compared, or the one that was chosen. */

import assert from "node:assert/strict";
import { basename } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { packageInBlankPage } from "../support/blank-page.js";
import { audioFolder } from "../support/harness.js";

/** Encoders keep this much of a song, and other songs have less in common. */
const SAME = 0.9;
const OTHER = 0.5;

/** Options of FFmpeg, by the name of the file that it writes: shorter than songs that are cut. */
const FILES = /** @type {Record<string, string[]>} */ ({
  "aac.mp4": ["-c:a", "aac"],
  "fragments.mp4": ["-c:a", "aac", "-movflags", "frag_keyframe+empty_moov", "-frag_duration", "1000000"],
  // No browser decodes it.
  "alac.m4a": ["-c:a", "alac"],
  "pcm.mov": ["-c:a", "pcm_s16le"],
  "opus.mkv": ["-c:a", "libopus"],
  "vorbis.webm": ["-c:a", "libvorbis"],
  // No flag: the first one is the default.
  "vorbis.ogg": ["-c:a", "libvorbis"],
  "opus.ogg": ["-c:a", "libopus"],
  "flac.ogg": ["-c:a", "flac"],
  // Cut into chunks.
  "long.mp4": ["-t", "45", "-c:a", "aac"],
  "long.mkv": ["-t", "45", "-c:a", "libopus"],
  "long.ogg": ["-t", "45", "-c:a", "libvorbis"],
});

describe("sound tracks", () => {
  const blank = packageInBlankPage();
  const audio = audioFolder();
  /** @type {Record<string, string>} */
  const files = {};

  before(() => {
    const song = audio.tune("song.wav", 3, 45);
    const other = audio.tune("other.wav", 8, 45);
    files["song.wav"] = song;
    files["other.wav"] = other;
    const tracks = ["-i", song, "-map", "0", "-map", "1", "-disposition:a:0", "0", "-disposition:a:1", "default"];
    const words = ["-metadata:s:a:0", "language=deu", "-metadata:s:a:0", "title=Ohne Worte"];
    for (const [name, options] of Object.entries(FILES))
      files[name] = audio.encoded(name, other, [...tracks, ...words, "-t", "6", ...options]);
  });
  after(() => audio.remove());
  beforeEach(() =>
    blank.page.route("**/given/*", (route) =>
      route.fulfill({ path: files[basename(new URL(route.request().url()).pathname)] }),
    ),
  );

  for (const name of Object.keys(FILES))
    test(`the default one is compared, and another can be chosen: ${name}`, async () => {
      const isFlagged = !name.endsWith("ogg");
      const { tracks, titles, scores } = await blank.run(`
        globalThis.checker ??= await soundalike.createChecker({ backend: "cpu" });
        globalThis.song ??= new soundalike.Song("/given/song.wav");
        globalThis.other ??= new soundalike.Song("/given/other.wav");
        const blob = await (await fetch("/given/${name}")).blob();
        const tracks = await soundalike.soundTracks(new File([blob], "${name}"));
        const score = async (file, song) => (await checker.compare(file, song)).score;
        return {
          tracks: tracks.map(({ title, file, ...track }) => ({ ...track, name: file.name })),
          titles: tracks.map(({ title }) => title),
          scores: {
            whole: await score(blob, ${isFlagged ? "song" : "other"}),
            first: await score(tracks[0].file, other),
            second: await score(tracks[1].file, song),
            crossed: await score(tracks[0].file, song),
          },
        };`);
      const language = name.endsWith("mov") ? undefined : "deu";
      assert.deepEqual(tracks, [
        { number: 1, isDefault: !isFlagged, language, name },
        { number: 2, isDefault: isFlagged, language: undefined, name },
      ]);
      if (/ogg|mkv|webm/.test(name)) assert.deepEqual(titles, ["Ohne Worte", undefined]);
      for (const which of ["whole", "first", "second"])
        assert.ok(scores[which] > SAME, `${which}: ${JSON.stringify(scores)}`);
      assert.ok(scores.crossed < OTHER, JSON.stringify(scores));
    });

  test("other formats, damaged files and what is no file have none", async () => {
    const { wav, damaged, refused } = await blank.run(`
      const blob = await (await fetch("/given/aac.mp4")).blob();
      return {
        wav: await soundalike.soundTracks(await (await fetch("/given/song.wav")).blob()),
        damaged: await soundalike.soundTracks(blob.slice(0, 100)),
        refused: await soundalike.soundTracks("/given/aac.mp4").catch((error) => error.name),
      };`);
    assert.deepEqual([wav, damaged, refused], [[], [], "TypeError"]);
  });
});
