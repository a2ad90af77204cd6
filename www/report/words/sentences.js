/**
 * Sentences: the verdict in words, and what it means. None of them claims more than the report
 * says.
 */

import { isNothingToCompare, mixesOf } from "../../pkg/shared/format.js";
import { clock, shareText } from "../../shared/format.js";
import { changeClauseOfAll, changesOf, speedRange } from "./changes.js";
import { editsOf } from "./edits.js";
import { areOneStretch, spansOf } from "../../shared/stretches.js";

/** @typedef {import("../../pkg/index.js").Report} Report */
/**
 * A part of a sentence; names of songs have the colour of their side.
 * @typedef {string | { side: "left" | "right", text: string }} Piece
 */

/** @typedef {Record<"left" | "right", number | undefined>} Expected seconds, where known */

/**
 * Seconds, and share of the expected ones, that must be missing before it is mentioned: players
 * estimate a little differently from decoders.
 */
const MISSING_WORTH_TELLING = { secs: 2, share: 0.02 };
/** From this share on a passage is much of a song. */
const MUCH = 0.5;
/** Smaller shares of a song that were left out aren't mentioned. */
const LEFT_OUT_WORTH_TELLING = 0.2;
/** Smaller differences between the shares of both songs aren't mentioned. */
const DIFFERENCE_WORTH_TELLING = 0.1;

const NUMBERS = ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten"];

/**
 * The sentences under the title.
 * @param {Report} report
 * @returns {Piece[]}
 */
export function verdictWords(report) {
  if (isNothingToCompare(report)) return nothingWords(report);
  const { left, right, passages, verdict } = report;
  if (passages.length === 0) {
    const none =
      verdict === "different" ? "No passage of one was found in the other." : "No single passage could be marked.";
    return [...summary(report), ` ${none}`, ...leftOutWords(report)];
  }
  const rest =
    Math.abs(left.coverage - right.coverage) < DIFFERENCE_WORTH_TELLING
      ? []
      : [`; that is ${shareText(right.coverage)} of `, name(report, "right")];
  return [
    ...summary(report),
    ` ${shareText(left.coverage)} of `,
    name(report, "left"),
    verdict === "moderate" ? " may also play in " : " also plays in ",
    name(report, "right"),
    `, ${changeClauseOfAll(passages)}`,
    ...rest,
    ". ",
    ...countWords(report),
    ...leftOutWords(report),
  ];
}

/**
 * The first sentence. It fits how much of the songs is in passages: the score doesn't depend on it.
 * @param {Report} report
 * @returns {Piece[]}
 */
function summary(report) {
  const { left, right, passages, verdict } = report;
  const one = passages.length === 1;
  switch (verdict) {
    case "nearly-identical": {
      if (passages.length === 0) return ["Both sound like the same recording."];
      const shares = [left.coverage, right.coverage];
      if (Math.min(...shares) >= MUCH) return ["Much of both songs sounds like the same recording."];
      if (Math.max(...shares) < MUCH) return ["A part of both songs sounds like the same recording."];
      const [much, other] = left.coverage > right.coverage ? SIDES : [...SIDES].reverse();
      return ["Much of ", name(report, much), " sounds like a part of ", name(report, other), "."];
    }
    case "strong":
      if (passages.length === 0) return ["They resemble each other so closely that a coincidence is unlikely."];
      return [`They share ${one ? "a passage that is" : "passages that are"} unlikely to be a coincidence.`];
    case "moderate":
      if (passages.length === 0)
        return ["They resemble each other, which may be a coincidence: listen to both before you judge."];
      return [`They may share something: listen to the ${one ? "passage" : "passages"} before you judge.`];
    default:
      return ["These are different recordings, as far as this check can hear."];
  }
}

const SIDES = /** @type {["left", "right"]} */ (["left", "right"]);

/**
 * @param {Pick<Report, "left" | "right">} report
 * @param {"left" | "right"} side
 * @returns {Piece}
 */
function name(report, side) {
  return { side, text: report[side].name };
}

/** @param {Report} report @returns {Piece[]} */
function nothingWords(report) {
  const blank = SIDES.filter((side) => isNothingToCompare({ passages: [], left: report[side], right: report[side] }));
  const songs = blank.flatMap((side, index) => [index > 0 ? " and of " : "", name(report, side)]);
  return ["All of ", ...songs, " is silence, noise or a lone tone: there is nothing in it to compare."];
}

/**
 * The sentence about the number of passages, the mixes among them, and the stretch that all use.
 * @param {Report} report
 * @returns {Piece[]}
 */
function countWords(report) {
  const { passages } = report;
  const mixes = passages.map(mixesOf).filter(({ left, right }) => left || right);
  const all = ["", "", "both "][passages.length] ?? "all ";
  const some =
    mixes.length === passages.length
      ? all
      : `${(NUMBERS[mixes.length] ?? String(mixes.length)).toLowerCase()} of them `;
  const count =
    passages.length === 1 ? "One passage matches" : `${NUMBERS[passages.length] ?? passages.length} passages match`;
  const mixed = SIDES.filter((side) => mixes.some((mix) => mix[side]));
  const [mixedSide, both] = mixed;
  const mix = !mixedSide
    ? []
    : [`, ${some}in a mix with other music`, ...(both ? [] : [" in ", name(report, mixedSide)])];
  const spans = passages.map(spansOf);
  const isOneLeft = areOneStretch(spans.map((span) => span.left));
  const isOneRight = areOneStretch(spans.map((span) => span.right));
  if (isOneLeft === isOneRight) return [count, ...mix, ...editWords(report), "."];
  return [count, ...mix, ": the same stretch of ", name(report, isOneLeft ? "left" : "right"), " each time."];
}

/**
 * What was done between the passages.
 * @param {Report} report
 * @returns {Piece[]}
 */
function editWords(report) {
  const { isReordered, cuts } = editsOf(report.passages);
  if (isReordered) return [", in another order"];
  const [side, both] = SIDES.filter((one) => cuts[one] > 0);
  if (!side) return [];
  if (both) return [", with cuts in both songs"];
  return [cuts[side] === 1 ? ", with a cut in " : ", with cuts in ", name(report, side)];
}

/**
 * Sentences about the shares of the songs that were left out.
 * @param {Report} report
 * @returns {Piece[]}
 */
function leftOutWords(report) {
  return SIDES.filter((side) => report[side].leftOutShare >= LEFT_OUT_WORTH_TELLING).flatMap((side) => [
    ` ${shareText(report[side].leftOutShare)} of `,
    name(report, side),
    " is silence, noise or a lone tone, and was left out.",
  ]);
}

/**
 * Sentences about songs of which less could be read than the browser expected.
 * @param {Pick<Report, "left" | "right">} report
 * @param {Expected} expected
 * @returns {Piece[]}
 */
export function missingWords(report, expected) {
  return SIDES.flatMap((side) => {
    const [readSecs, expectedSecs] = [report[side].durationSecs, expected[side] ?? 0];
    const { secs, share } = MISSING_WORTH_TELLING;
    if (expectedSecs - readSecs < Math.max(secs, share * expectedSecs)) return [];
    return [
      ` Only ${clock(readSecs)} of `,
      name(report, side),
      ` could be read, where ${clock(expectedSecs)} were expected: it may be cut off or damaged.`,
    ];
  });
}

/**
 * The meaning of each verdict. The second sentence corrects the usual misreading.
 * @type {Record<string, string[]>}
 */
const MEANINGS = {
  "nearly-identical": [
    "It means: a copy, another mix or master of one recording, or a song that uses a part of the other, " +
      "be it transposed, sped up or under other sound. Two performances that follow each other " +
      "note by note can come out so, too: listen to the passages.",
    "It does not mean that anything unlawful was done: a licensed release, " +
      "a loop from a shared library or your own earlier upload scores just as high.",
  ],
  strong: [
    "It means: passages of one recording probably play in the other, changed or in part.",
    "It does not mean that the whole songs are alike, nor that one was taken from the other: " +
      "both may use the same sample or loop.",
  ],
  moderate: [
    "It means: something may be shared, or two arrangements come very close. About here, chance is possible.",
    "It does not mean that there is a copy. Play the passages and trust your ears over the number.",
  ],
  different: [
    "It means: no stretch of some seconds of one recording was found in the other, " +
      "at 0.45 to 2.2 times its speed and up to 13 semitones higher or lower.",
    "It does not mean that the songs have nothing in common: a cover by other players, " +
      "a borrowed melody or the same words are not what this score is about. The check can also miss a passage " +
      "that is far below other music.",
  ],
};

const MEANING_OF_NOTHING = [
  "It means: a song is recognised by tones that change, and none were found.",
  "It does not mean that the two differ, nor that they are the same.",
];

const MEANING_OF_A_MIX =
  "Under other music means: where the passage plays, that song has something else in it, too: " +
  "another song, drums or a voice. The fainter the passage, the more it helps to play the two in turn.";

const MEANING_OF_SPEED =
  "Faster or slower at the same pitch means: the passage is shorter or longer in the other song. " +
  "It was stretched, or many small pieces were cut out or repeated.";

/** The meaning of the verdict, and of words that the report uses. @param {Report} report */
export function meanings(report) {
  if (isNothingToCompare(report)) return MEANING_OF_NOTHING;
  const { passages, verdict } = report;
  const isMix = passages.map(mixesOf).some(({ left, right }) => left || right);
  const isStretched = passages
    .filter((passage) => !speedRange(passage))
    .map(changesOf)
    .some(({ pitch, speed }) => speed && !pitch);
  return [
    ...(MEANINGS[verdict] ?? []),
    ...(isMix ? [MEANING_OF_A_MIX] : []),
    ...(isStretched ? [MEANING_OF_SPEED] : []),
  ];
}
