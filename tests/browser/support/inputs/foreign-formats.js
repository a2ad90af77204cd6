/** Sound files that browsers refuse and our own decoder reads. */

/** Options of FFmpeg, by the name of the file that it writes. */
export const FOREIGN = /** @type {Record<string, string[]>} */ ({
  "16.aiff": [],
  "24.aif": ["-c:a", "pcm_s24be"],
  "32.aif": ["-c:a", "pcm_s32be"],
  "float.aifc": ["-c:a", "pcm_f32be"],
  "sowt.aifc": ["-c:a", "pcm_s16le"],
  "alac.m4a": ["-c:a", "alac"],
  "alac.caf": ["-c:a", "alac"],
  "pcm.caf": ["-c:a", "pcm_s24le"],
  "sound.au": [],
  "sound.w64": [],
  "double.wav": ["-c:a", "pcm_f64le"],
  "ima.wav": ["-c:a", "adpcm_ima_wav"],
  "ms.wav": ["-c:a", "adpcm_ms"],
  "layer2.mp2": ["-c:a", "mp2", "-b:a", "192k"],
  "mp3.avi": ["-c:a", "libmp3lame"],
  "pcm.avi": ["-c:a", "pcm_s16le"],
  "mp3.flv": ["-c:a", "libmp3lame"],
  "aac.flv": ["-c:a", "aac"],
  "mp3.ts": ["-c:a", "libmp3lame"],
  "aac.ts": ["-c:a", "aac"],
});

/** A WAV file of 16 bits in the other byte order. @param {Buffer} wav with a header of 44 bytes */
export function swapped(wav) {
  const turned = Buffer.from(wav);
  turned.write("RIFX");
  for (const at of [4, 16, 24, 28, 40]) turned.writeUInt32BE(wav.readUInt32LE(at), at);
  for (const at of [20, 22, 32, 34]) turned.writeUInt16BE(wav.readUInt16LE(at), at);
  turned.subarray(44).swap16();
  return turned;
}

/** Options of FFmpeg for MP3 whose frames all have one size: 128 kbit/s at 48 kHz. */
export const EVEN_FRAMES = ["-ar", "48000", "-b:a", "128k", "-write_xing", "0", "-id3v2_version", "0"];
const FRAME_BYTES = 384;

/** MP3 without its bit rate. @param {Buffer} mp3 encoded with these options */
export function freeFormat(mp3) {
  const free = Buffer.from(mp3);
  for (let at = 2; at < free.length; at += FRAME_BYTES) free[at] = (free[at] ?? 0) & 0x0f;
  return free;
}
