/**
 * Errors: every failure that leaves this package is a `CheckerError` with a stable `code` for
 * programs and a sentence for people.
 */

/**
 * @typedef {"decode-failed" | "too-short" | "too-long" | "silent" | "no-audio" | "weights-invalid"
 *   | "unsupported-browser" | "aborted" | "crashed" | "not-agreed" | "catalogue-failed"
 *   | "catalogue-mismatch" | "catalogue-busy"} ErrorCode
 */

/** @typedef {"left" | "right"} Side */

/** @type {ReadonlySet<string>} */
const CODES = new Set([
  "decode-failed",
  "too-short",
  "too-long",
  "silent",
  "no-audio",
  "weights-invalid",
  "unsupported-browser",
  "aborted",
  "crashed",
]);

/** A failed check, with a code for programs and a message for people. */
export class CheckerError extends Error {
  /**
   * @param {ErrorCode} code
   * @param {string} message a whole sentence that a visitor understands
   * @param {{ cause?: unknown, side?: Side }} [options]
   */
  constructor(code, message, options = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "CheckerError";
    /** @readonly */
    this.code = code;
    /** The song that the error is about, if it is about one. @type {Side | undefined} */
    this.side = options.side;
  }
}

/** @param {string} code @returns {code is ErrorCode} */
export function isErrorCode(code) {
  return CODES.has(code);
}

/** @param {unknown} [cause] */
export function abortedError(cause) {
  return new CheckerError("aborted", "The check was cancelled.", { cause });
}

/** @param {AbortSignal | undefined} signal */
export function throwIfAborted(signal) {
  if (signal?.aborted) throw abortedError(signal.reason);
}

/**
 * The sentence for an error of the engine about one song. The engine's own message is in `cause`.
 * @param {ErrorCode} code
 * @param {{
 *   name: string,
 *   durationSecs: number,
 *   minSongSecs: number,
 *   maxSongSecs: number,
 *   cause: Error,
 * }} about
 */
export function songError(code, about) {
  const song = `“${about.name}”`;
  const rounded = about.durationSecs.toFixed(1);
  // One sample less than the limit is shorter, too, though no rounded number would show it.
  const short = Number(rounded) < about.minSongSecs ? rounded : `just under ${about.minSongSecs}`;
  const sentences = /** @type {Partial<Record<ErrorCode, string>>} */ ({
    "decode-failed": `${song} holds samples or a sample rate that cannot be sound.`,
    "no-audio": `${song} holds no sound.`,
    silent: `${song} is mostly silence, or too quiet to be compared.`,
    "too-short": `${song} lasts ${short} seconds. At least ${about.minSongSecs} seconds are needed.`,
    "too-long": tooLongSentence(about.name, about.durationSecs, about.maxSongSecs),
  });
  return new CheckerError(code, sentences[code] ?? about.cause.message, { cause: about.cause });
}

/** @param {string} name @param {number} durationSecs @param {number} maxSongSecs */
export function tooLongSentence(name, durationSecs, maxSongSecs) {
  const duration = `“${name}” lasts ${Math.ceil(durationSecs / 60)} minutes.`;
  const limit = `At most ${Math.round(maxSongSecs / 60)} minutes fit into a browser’s memory`;
  return `${duration} ${limit}: cut out the part in question.`;
}
