/** Verdict: the report in sentences. */

import { element } from "../shared/dom.js";
import { mixWords, percent, scoreText, shareText } from "../shared/format.js";
import { verdictTitle } from "../pkg/shared/format.js";
import { areOneStretch, spansOf } from "./stretches.js";

/** @typedef {import("../pkg/index.js").Report} Report */
/** @typedef {Report["passages"][number]} Passage */
/** @typedef {string | { side: "left" | "right", text: string }} Piece */

/** @type {Record<string, string>} */
const SUMMARIES = {
  "nearly-identical": "Much of the same recording plays in both songs.",
  strong: "The songs share passages that are very unlikely to be a coincidence.",
  moderate: "The songs share something: listen to the passages before you judge.",
  different: "These are different recordings, as far as this check can hear.",
};

/**
 * The meaning of each verdict. The second sentence corrects the usual misreading.
 * @type {Record<string, string[]>}
 */
const MEANINGS = {
  "nearly-identical": [
    "It means: a copy, another mix or master of one recording, or one that uses " +
      "long stretches of the other, be they transposed, sped up or under other sound.",
    "It does not mean that anything unlawful was done: a licensed release, " +
      "a loop from a shared library or your own earlier upload scores just as high.",
  ],
  strong: [
    "It means: passages of one recording very probably play in the other, changed or in part.",
    "It does not mean that the whole songs are alike, nor that one was taken from the other: " +
      "both may use the same sample or loop.",
  ],
  moderate: [
    "It means: something is shared, or two arrangements come very close. About here, chance is possible.",
    "It does not mean that there is a copy. Play the passages and trust your ears over the number.",
  ],
  different: [
    "It means: no stretch of some seconds of one recording was found in the other.",
    "It does not mean that the songs have nothing in common: a cover by other players, " +
      "a borrowed melody or the same words are not what this check listens for. It can also miss a passage " +
      "that is far below other music.",
  ],
};

/** The meaning of a mix, for every verdict. */
const MEANING_OF_A_MIX =
  "Under other music means: where the passage plays, the other song has something else in it, too: " +
  "another song, drums or a voice. The fainter the passage, the more it helps to play the two in turn.";

/** Smaller changes are below the resolution of the engine. */
const SMALLEST_SEMITONES = 0.5;
const SMALLEST_SPEED_CHANGE = 0.015;
/** Smaller shares of a song that were left out aren't mentioned. */
const LEFT_OUT_WORTH_TELLING = 0.2;

const NUMBERS = ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten"];

/**
 * The sentences under the title, in pieces: names of songs have the colour of their side.
 * @param {Report} report
 * @returns {Piece[]}
 */
export function verdictWords(report) {
  const meaning = SUMMARIES[report.verdict] ?? "";
  const { passages } = report;
  const first = passages[0];
  if (!first) {
    const none =
      report.verdict === "different"
        ? "No passage of one was found in the other."
        : "What they share is too short or too scattered to be marked.";
    return [`${meaning} ${none}`, ...leftOutWords(report)];
  }
  const kinds = new Set(passages.map(changeWords));
  const change = kinds.size === 1 ? `, ${changeClause(first)}` : ", changed in more than one way";
  return [
    `${meaning} ${shareText(report.left.coverage)} of `,
    { side: "left", text: report.left.name },
    " also plays in ",
    { side: "right", text: report.right.name },
    `${change}. `,
    ...countWords(report),
    ...leftOutWords(report),
  ];
}

/**
 * The sentence about the number of passages, the mixes among them, and the stretch that all use.
 * @param {Report} report
 * @returns {Piece[]}
 */
function countWords({ left, right, passages }) {
  const mixes = passages.filter(({ share }) => mixWords(share)).length;
  const all = ["", "", "both "][passages.length] ?? "all ";
  const some = mixes === passages.length ? all : `${(NUMBERS[mixes] ?? String(mixes)).toLowerCase()} of them `;
  const count =
    (passages.length === 1 ? "One passage matches" : `${NUMBERS[passages.length] ?? passages.length} passages match`) +
    (mixes > 0 ? `, ${some}in a mix with other music` : "");
  const spans = passages.map(spansOf);
  const isOneLeft = areOneStretch(spans.map((span) => span.left));
  const isOneRight = areOneStretch(spans.map((span) => span.right));
  if (isOneLeft === isOneRight) return [`${count}.`];
  const used = isOneLeft ? /** @type {const} */ ("left") : "right";
  return [`${count}: the same stretch of `, { side: used, text: { left, right }[used].name }, " each time."];
}

/**
 * Sentences about the shares of the songs that were left out.
 * @param {Report} report
 * @returns {Piece[]}
 */
function leftOutWords({ left, right }) {
  return /** @type {const} */ ([
    ["left", left],
    ["right", right],
  ]).flatMap(([side, { name, leftOutShare }]) =>
    leftOutShare < LEFT_OUT_WORTH_TELLING
      ? []
      : [
          ` ${shareText(leftOutShare)} of `,
          { side, text: name },
          " is silence, noise or a lone tone, and was left out.",
        ],
  );
}

/**
 * Differences of the right song's passage from the left one's, as a list: "2 semitones lower, 8 %
 * faster".
 * @param {Passage} passage
 */
export function changeWords(passage) {
  const { pitch, speed } = changes(passage);
  return pitch || speed ? `${pitch ?? "same pitch"}, ${speed ?? "same speed"}` : "same pitch and speed";
}

/** The differences as a clause: "2 semitones lower and 8 % faster". @param {Passage} passage */
function changeClause(passage) {
  const { pitch, speed } = changes(passage);
  if (pitch && speed) return `${pitch} and ${speed}`;
  return pitch ? `${pitch} at the same speed` : speed ? `${speed} at the same pitch` : "at the same pitch and speed";
}

/**
 * Differences above the resolution.
 * @param {Passage} passage
 * @returns {{ pitch: string | undefined, speed: string | undefined }}
 */
function changes({ speedRatio, pitchShiftSemitones }) {
  const semitones = Math.round(Math.abs(pitchShiftSemitones));
  const pitch =
    Math.abs(pitchShiftSemitones) < SMALLEST_SEMITONES
      ? undefined
      : `${semitones} ${semitones === 1 ? "semitone" : "semitones"} ${pitchShiftSemitones > 0 ? "higher" : "lower"}`;
  const speed =
    Math.abs(speedRatio - 1) < SMALLEST_SPEED_CHANGE
      ? undefined
      : `${percent(Math.abs(speedRatio - 1))} ${speedRatio > 1 ? "faster" : "slower"}`;
  return { pitch, speed };
}

/**
 * @param {HTMLElement} root the result section
 * @param {Report} report
 * @param {{ elapsedSecs: number, isSameFile: boolean }} check
 */
export function showVerdict(root, report, { elapsedSecs, isSameFile }) {
  root.dataset["verdict"] = report.verdict;
  root.dataset["score"] = String(report.score);
  const score = scoreText(report.score);
  find(root, "#ring-label").textContent = `Score ${score} of 1`;
  find(root, "#ring-score").textContent = score;
  find(root, "#ring-value").style.strokeDasharray = `${Math.min(100, report.score * 100)} 100`;
  find(root, "#verdict-title").textContent = verdictTitle(report.verdict);
  find(root, "#verdict-words").replaceChildren(
    ...(isSameFile ? ["This is the very same file twice, byte for byte. "] : []),
    ...verdictWords(report).map((piece) => {
      if (typeof piece === "string") return piece;
      return element("b", { class: piece.side }, piece.text);
    }),
  );
  const isMix = report.passages.some(({ share }) => mixWords(share));
  const meanings = [...(MEANINGS[report.verdict] ?? []), ...(isMix ? [MEANING_OF_A_MIX] : [])];
  find(root, "#meaning").replaceChildren(...meanings.map((text) => element("li", {}, text)));
  const backend = report.backend === "webgpu" ? "Computed on WebGPU" : "Computed on the CPU";
  const chips = [
    elapsedSecs < 0.1 ? "less than 0.1 s" : `${elapsedSecs.toFixed(1)} s`,
    backend,
    `Model ${report.model.version}`,
  ];
  find(root, "#chips").replaceChildren(...chips.map((text) => element("li", {}, text)));
}

/** Removes the verdict of a report that is closed. @param {HTMLElement} root the result section */
export function clearVerdict(root) {
  delete root.dataset["verdict"];
  delete root.dataset["score"];
  find(root, "#ring-value").style.strokeDasharray = "";
}

/** @param {HTMLElement} root @param {string} selector */
function find(root, selector) {
  const element = root.querySelector(selector);
  if (!element) throw new Error(`the page has no ${selector}`);
  return /** @type {HTMLElement} */ (element);
}
