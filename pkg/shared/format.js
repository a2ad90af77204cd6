/** Format: numbers and verdicts for people, in the element and on the site. */

/**
 * The verdicts of reports, with a title for people and the lowest score. The engine decides by the
 * same bounds.
 */
export const VERDICTS = [
  { name: "nearly-identical", title: "Nearly identical", from: 0.9 },
  { name: "strong", title: "Strong match", from: 0.8 },
  { name: "moderate", title: "Moderate match", from: 0.5 },
  { name: "different", title: "Different songs", from: 0 },
];

/** The title of a report in which there is nothing to compare. */
export const NOTHING_TO_COMPARE = "Nothing to compare";

/** @param {string} verdict of a report */
export function verdictTitle(verdict) {
  return VERDICTS.find(({ name }) => name === verdict)?.title ?? verdict;
}

/**
 * Whether all of a song was left out, so that the score says nothing.
 * @param {{ passages: unknown[], left: Blank, right: Blank }} report
 * @typedef {{ leftOutShare: number }} Blank
 */
export function isNothingToCompare({ passages, left, right }) {
  return passages.length === 0 && Math.max(left.leftOutShare, right.leftOutShare) >= 1;
}

/** Titles of the verdicts on the composition. @type {Record<string, string>} */
const COMPOSITION_TITLES = {
  "same-composition": "Same composition",
  possibly: "Possibly the same composition",
};

/** What agrees in a passage of a composition. */
export const EVIDENCE = { melody: "same melody", harmony: "same chords", both: "same melody and chords" };

/** @typedef {import("../wasm/cpu/soundalike.js").Report} Report */
/** @typedef {NonNullable<Report["composition"]>} Composition */

/**
 * What agrees in a passage of a composition: "same melody and chords".
 * @param {Pick<Composition["passages"][number], "evidence">} passage
 * @param {Pick<Composition, "verdict">} composition
 */
export function evidenceWords({ evidence }, { verdict }) {
  return verdict === "possibly" ? `possibly the ${EVIDENCE[evidence]}` : EVIDENCE[evidence];
}

/**
 * The stronger of the two answers of a report: about the recording, or about the composition.
 * @param {Pick<Report, "score" | "verdict" | "passages" | "left" | "right" | "composition">} report
 * @returns {{ isComposition: boolean, score: number, scoreText: string, title: string }}
 */
export function strongerAnswer(report) {
  const { score, verdict, composition } = report;
  const title = COMPOSITION_TITLES[composition.verdict];
  if (title && composition.score > score)
    return { isComposition: true, score: composition.score, scoreText: scoreText(composition.score), title };
  const isNothing = isNothingToCompare(report);
  return {
    isComposition: false,
    score,
    scoreText: isNothing ? "–" : scoreText(score),
    title: isNothing ? NOTHING_TO_COMPARE : verdictTitle(verdict),
  };
}

/** The lowest score of a verdict, as text. @param {string} verdict */
export function lowestScoreText(verdict) {
  return scoreText(VERDICTS.find(({ name }) => name === verdict)?.from ?? 0);
}

/**
 * Words for passages that are part of a mix, by their share of the other song's sound. Of energy,
 * a share of 0.75 means that the rest is 5 dB below the passage: less can't be told from coding,
 * reverb and noise. 0.35 means that the rest is 3 dB above it, so that it is hard to make out.
 */
const MIXES = [
  { words: "faintly, under other music", below: 0.35 },
  { words: "under other music", below: 0.75 },
];

/**
 * The shares of a passage: how much of each song's sound there is the music that both have, 0..1.
 * @typedef {{ share?: number, leftShare?: number }} Shares `share`: of the right song
 */

/**
 * What else plays in a passage, by song; empty where nothing does.
 * @param {Shares} passage
 */
export function mixesOf({ share = 1, leftShare = 1 }) {
  /** @param {number} part */
  const words = (part) => MIXES.find(({ below }) => part < below)?.words ?? "";
  return { left: words(leftShare), right: words(share) };
}

/**
 * Words for what else plays in a passage, and in which song; empty if nothing does.
 * @param {Shares} passage
 * @param {{ left: string, right: string }} names of the songs
 */
export function mixWords(passage, names) {
  const { left, right } = mixesOf(passage);
  if (left === right) return left && `${left} in both songs`;
  return [left && `${left} in ${names.left}`, right && `${right} in ${names.right}`].filter(Boolean).join("; ");
}

/** @param {number} secs @returns {string} minutes and seconds, `3:07` */
export function clock(secs) {
  const whole = Math.max(0, Math.round(secs));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** @param {number} score 0..1 @returns {string} two digits; never rounded up to 1.00 */
export function scoreText(score) {
  return (score >= 0.995 && score < 1 ? 0.99 : score).toFixed(2);
}
