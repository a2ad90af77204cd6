/** Made-up reports: fields of reports, their passages and compositions. */

export const STRONG = { score: 0.85, verdict: "strong" };
export const MODERATE = { score: 0.6, verdict: "moderate" };

/**
 * A passage, by default at the same pitch and speed and alone.
 * @param {Record<string, number | boolean>} [fields]
 */
export function passage(fields = {}) {
  return {
    leftStartSecs: 1,
    leftEndSecs: 5,
    rightStartSecs: 6,
    rightEndSecs: 10,
    score: 0.9,
    speedRatio: 1,
    pitchShiftSemitones: 0,
    share: 1,
    leftShare: 1,
    ...fields,
  };
}

/**
 * A passage of the same composition, by default three semitones lower and 8 % slower.
 * @param {Record<string, number | string>} [fields]
 */
export function composedPassage(fields = {}) {
  return {
    leftStartSecs: 3.1,
    leftEndSecs: 7.2,
    rightStartSecs: 2,
    rightEndSecs: 6.5,
    score: 0.91,
    speedRatio: 0.92,
    transpositionSemitones: -3,
    evidence: "both",
    ...fields,
  };
}

/**
 * An answer about the composition.
 * @param {string} verdict @param {number} score
 * @param {ReturnType<typeof composedPassage>[]} passages
 */
export function composition(verdict, score, passages) {
  return { verdict, score, passages, comparable: true };
}

/**
 * Uses of one stretch, one after the other. Its ends are found a little differently each time.
 * @param {number} count
 * @param {"left" | "right"} side the song in which it repeats
 * @param {Record<string, number>} [fields]
 */
export function loop(count, side, fields = {}) {
  const other = side === "left" ? "right" : "left";
  return Array.from({ length: count }, (_, index) =>
    passage({
      [`${other}StartSecs`]: 2 + 0.02 * (index % 3),
      [`${other}EndSecs`]: 3.4 + 0.02 * (index % 2),
      [`${side}StartSecs`]: 0.2 + 1.4 * index,
      [`${side}EndSecs`]: 1.6 + 1.4 * index,
      ...fields,
    }),
  );
}
