/** Format: numbers and verdicts for people, in the element and on the site. */

/** @type {Record<string, string>} */
const VERDICTS = {
  "nearly-identical": "Nearly identical",
  strong: "Strong match",
  moderate: "Moderate match",
  different: "Different songs",
};

/** @param {string} verdict of a report */
export function verdictTitle(verdict) {
  return VERDICTS[verdict] ?? verdict;
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
