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

/** @param {string} verdict of a report */
export function verdictTitle(verdict) {
  return VERDICTS.find(({ name }) => name === verdict)?.title ?? verdict;
}

/** The lowest score of a verdict, as text. @param {string} verdict */
export function lowestScoreText(verdict) {
  return scoreText(VERDICTS.find(({ name }) => name === verdict)?.from ?? 0);
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
