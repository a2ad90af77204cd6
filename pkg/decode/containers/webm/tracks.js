/** WebM tracks: the sound tracks of a WebM or Matroska file (RFC 9559). */

import { BlockReader } from "../block-reader.js";
import {
  CODEC_ID,
  FLAG_DEFAULT,
  LANGUAGE,
  LANGUAGE_BCP47,
  NAME,
  TRACK_ENTRY,
  TRACK_TYPE,
  childrenOf,
  elementsIn,
} from "./elements.js";
import { AUDIO, isDefault, readTracks } from "./reader.js";

/** @import { SongFile } from "../../file/song-file.js" */
/** @import { FoundTrack } from "../tracks.js" */
/** @import { Element } from "./elements.js" */

/** TrackType of subtitles (5.1.4.1.3), which no player takes for sound. */
const SUBTITLES = 17;

/** @param {SongFile} file @returns {Promise<FoundTrack[]>} */
export async function findTracks(file) {
  const { offset, bytes } = await readTracks(new BlockReader(file), file.size);
  /**
   * A patch of the last byte of a number.
   * @param {Element} element @param {number} value
   */
  const patch = ({ content }, value) => ({
    offset: offset + content.byteOffset - bytes.byteOffset + content.length - 1,
    bytes: Uint8Array.of(value),
  });
  return childrenOf(bytes)
    .filter(({ id }) => id === TRACK_ENTRY)
    .flatMap((entry) => {
      const parts = elementsIn(entry.content);
      const find = (/** @type {number} */ id) => parts.find((part) => part.id === id);
      const text = (/** @type {number} */ id) => {
        const content = find(id)?.content;
        return (content && new TextDecoder().decode(content).replace(/\0.*/s, "")) || undefined;
      };
      const type = find(TRACK_TYPE);
      if (type?.content.at(-1) !== AUDIO) return [];
      const flag = find(FLAG_DEFAULT);
      const language = text(LANGUAGE_BCP47) ?? text(LANGUAGE);
      return {
        isFlagged: isDefault(parts),
        language: language === "und" ? undefined : language,
        title: text(NAME),
        codec: text(CODEC_ID) ?? "",
        whenChosen: flag?.content.length ? [patch(flag, 1)] : [],
        whenLeft: [patch(type, SUBTITLES)],
      };
    });
}
