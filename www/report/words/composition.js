/** Composition: the answer to whether one song plays the other's composition anew, in words. */

import { EVIDENCE, isNothingToCompare } from "../../pkg/shared/format.js";
import { clock } from "../../shared/format.js";
import { changeClause } from "./changes.js";

/** @typedef {import("../../pkg/index.js").Report} Report */
/** @typedef {NonNullable<Report["composition"]>} Composition */
/** @typedef {Composition["passages"][number]} CompositionPassage */
/** @import { Piece } from "./sentences.js" */

/** Melody that a song must have to be compared, in seconds. The engine decides by the same. */
const LEAST_SECS = 8;

/**
 * The answer, if there is something to say: a copy is not also called a cover of itself, nor is it
 * said to have no melody in common.
 * @param {Report} report
 * @returns {Composition | undefined}
 */
export function compositionOf(report) {
  const { composition, verdict } = report;
  if (!composition) return undefined;
  const isSaid = verdict !== "different" || isNothingToCompare(report);
  return isSaid && composition.passages.length === 0 ? undefined : composition;
}

/**
 * Whether the answer is that there is, or may be, a common melody.
 * @param {Composition} composition
 */
export function isSameMelody({ verdict }) {
  return verdict === "same-composition" || verdict === "possibly";
}

/** How a passage of the right song differs. @param {CompositionPassage} passage */
export function transposed({ speedRatio, transpositionSemitones }) {
  return { speedRatio, pitchShiftSemitones: transpositionSemitones };
}

/** @param {Composition} composition */
export function compositionTitle({ verdict, passages, comparable }) {
  if (!comparable) return "No melody or chords to compare";
  const found = new Set(passages.map(({ evidence }) => evidence));
  const evidence = found.has("both") || found.size > 1 ? "both" : (passages[0]?.evidence ?? "melody");
  switch (verdict) {
    case "same-composition":
      return `The ${EVIDENCE[evidence]}`;
    case "possibly":
      return `Possibly the ${EVIDENCE[evidence]}`;
    case "same-chords":
      return "The same chords, another melody";
    default:
      return "No common melody found";
  }
}

/**
 * The sentences under the title.
 * @param {Report} report
 * @param {Composition} composition
 * @returns {Piece[]}
 */
export function compositionWords({ left, right }, { verdict, passages, comparable }) {
  if (!comparable)
    return [
      `At least one of the songs has too little of them: less than ${LEAST_SECS} seconds, ` +
        "or only speech, noise or drums.",
    ];
  const [longest] = [...passages].sort((a, b) => b.leftEndSecs - b.leftStartSecs - (a.leftEndSecs - a.leftStartSecs));
  /** @type {Piece[]} */
  const where = longest
    ? [
        passages.length === 1 ? "From " : `In ${passages.length} passages, the longest from `,
        `${clock(longest.leftStartSecs)} to ${clock(longest.leftEndSecs)} of `,
        { side: "left", text: left.name },
        `, and from ${clock(longest.rightStartSecs)} to ${clock(longest.rightEndSecs)} of `,
        { side: "right", text: right.name },
        `, ${changeClause(transposed(longest))}. `,
      ]
    : [];
  switch (verdict) {
    case "same-composition":
      return where;
    case "possibly":
      return [...where, "It may be chance: listen before you judge."];
    case "same-chords":
      return [...where, "Many songs share their chords. No common melody was found over these."];
    default:
      return ["No melody of one song was found in the other, in any key, at 0.7 to 1.4 times the speed."];
  }
}

/** @type {Record<string, string[]>} */
const MEANINGS = {
  "same-composition": [
    "It means: the notes agree for longer than is likely by chance, whoever plays them. It may be a cover, " +
      "a new arrangement or a remake, or both may be versions of a third song.",
    "It does not mean that one was taken from the other, nor does it tell which was there first.",
  ],
  possibly: [
    "It means: a part of the notes agrees. Songs of one style can come as close by chance.",
    "It does not mean that one is a cover. Play the passages and trust your ears over the number.",
  ],
  "same-chords": [
    "It means: the chords follow each other alike, as they do in very many songs.",
    "It does not mean that the songs have a melody in common.",
  ],
  none: [
    "It means: no melody and chords were found that go the same way for some seconds.",
    "It does not mean that there are none: a melody that is faint, short, sung freely or much changed can be missed.",
  ],
};

/** What the verdict means, and what not. @param {Composition} composition */
export function compositionMeanings({ verdict, comparable }) {
  return comparable ? (MEANINGS[verdict] ?? []) : [];
}
