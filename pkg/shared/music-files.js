/** Music files: those that may be songs, by their name, for the element and the site. */

/**
 * Extensions of audio and video files that the browser or our own decoder decodes. Native programs
 * search folders for the same, in `native/src/audio_file.rs`. Transport streams are missing: `.ts`
 * is mostly TypeScript.
 */
const DECODED = (
  "3gp aac aif aifc aiff au avi bwf caf flac flv m4a m4b m4v mka mkv mov mp2 mp3 mp4 mpga oga ogg ogv opus " +
  "w64 wav wave weba webm"
).split(" ");

/**
 * Frequent in collections of music, and not decoded: the answer says so, where a file that was left
 * out would only be counted.
 */
const REFUSED = ["wma"];

const EXTENSIONS = [...DECODED, ...REFUSED];

/**
 * The `accept` of file inputs. The media types alone leave out files of which the system doesn't
 * know the type.
 */
export const MUSIC_ACCEPT = ["audio/*", "video/*", ...EXTENSIONS.map((extension) => `.${extension}`)].join(",");

/** Whether a file of this name may be music. @param {string} name */
export function isMusicName(name) {
  return EXTENSIONS.includes(/\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? "");
}
