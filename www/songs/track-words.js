/** Words about the sound tracks of a file. */

/** @typedef {import("../pkg/index.js").SoundTrack} SoundTrack */

/** @param {SoundTrack} track @param {number} count of the file's sound tracks */
export function trackWords({ number, language, title }, count) {
  return [`Sound track ${number} of ${count}`, languageName(language), title].filter(Boolean).join(" · ");
}

/** The English name of a language, if the browser knows it. @param {string | undefined} code */
function languageName(code) {
  if (!code) return undefined;
  try {
    const name = new Intl.DisplayNames(["en"], { type: "language" }).of(code);
    return name === code ? undefined : name;
  } catch {
    return undefined;
  }
}
