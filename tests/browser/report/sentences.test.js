/**
 * Sentences of the result page. Two tables hold all of them, each with the condition under which it
 * stands: the words under the title, and what the verdict means.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { MODERATE, STRONG, loop, passage } from "../support/inputs/made-up-reports.js";
import { madeUpReports } from "../support/report-visit.js";

const SAME = { score: 0.95, verdict: "nearly-identical" };
const DIFFERENT = { score: 0.1, verdict: "different", passages: [] };

/**
 * A report with one passage, of these shares of the songs.
 * @param {Record<string, any>} answer @param {number} left @param {number} right
 */
const covering = (answer, left, right) => ({
  ...answer,
  passages: [passage()],
  left: { coverage: left },
  right: { coverage: right },
});
/** @param {Record<string, any>[]} passages */
const strong = (...passages) => ({ ...STRONG, passages });

/**
 * @param {[start: number, end: number]} left in seconds
 * @param {[start: number, end: number]} right
 */
const at = ([leftStartSecs, leftEndSecs], [rightStartSecs, rightEndSecs]) =>
  passage({ leftStartSecs, leftEndSecs, rightStartSecs, rightEndSecs });

const HALF = "50 % of mine.wav also plays in other.wav, at the same pitch and speed. ";
const SHARE_ONE = "They share a passage that is unlikely to be a coincidence. ";
const SHARE_MORE = "They share passages that are unlikely to be a coincidence. ";
const UNLIKE =
  "These are different recordings, as far as this check can hear. No passage of one was found in the other.";

/** @type {[condition: string, report: Record<string, any>, words: string][]} */
const WORDS = [
  // The first sentence: the verdict, and how much of the songs is in passages.
  [
    "nearly identical, half of both songs or more",
    covering(SAME, 0.5, 0.5),
    `Much of both songs sounds like the same recording. ${HALF}One passage matches.`,
  ],
  [
    "nearly identical, half of the right song or more",
    covering(SAME, 0.05, 1),
    "Much of other.wav sounds like a part of mine.wav. 5 % of mine.wav also plays in other.wav, " +
      "at the same pitch and speed; that is 100 % of other.wav. One passage matches.",
  ],
  [
    "nearly identical, half of the left song or more",
    covering(SAME, 1, 0.05),
    "Much of mine.wav sounds like a part of other.wav. 100 % of mine.wav also plays in other.wav, " +
      "at the same pitch and speed; that is 5 % of other.wav. One passage matches.",
  ],
  [
    "nearly identical, less than half of both songs",
    covering(SAME, 0.24, 0.2),
    "A part of both songs sounds like the same recording. 24 % of mine.wav also plays in other.wav, " +
      "at the same pitch and speed. One passage matches.",
  ],
  [
    "nearly identical, no passage",
    { ...SAME, passages: [] },
    "Both sound like the same recording. No single passage could be marked.",
  ],
  ["strong, one passage", strong(passage()), `${SHARE_ONE}${HALF}One passage matches.`],
  [
    "strong, several passages",
    strong(passage(), passage({ leftStartSecs: 6, leftEndSecs: 10, rightStartSecs: 0, rightEndSecs: 4 })),
    `${SHARE_MORE}${HALF}Two passages match, in another order.`,
  ],
  [
    "strong, no passage",
    { ...STRONG, passages: [] },
    "They resemble each other so closely that a coincidence is unlikely. No single passage could be marked.",
  ],
  [
    "moderate, one passage",
    { ...MODERATE, passages: [passage()] },
    "They may share something: listen to the passage before you judge. " +
      "50 % of mine.wav may also play in other.wav, at the same pitch and speed. One passage matches.",
  ],
  [
    "moderate, no passage",
    { ...MODERATE, passages: [] },
    "They resemble each other, which may be a coincidence: listen to both before you judge. " +
      "No single passage could be marked.",
  ],
  ["different", DIFFERENT, UNLIKE],

  // How much, and what was changed.
  [
    "less than half a per cent",
    covering(STRONG, 0.001, 0.001),
    `${SHARE_ONE}Less than 1 % of mine.wav also plays in other.wav, at the same pitch and speed. One passage matches.`,
  ],
  [
    "nearly all",
    covering(STRONG, 0.998, 1),
    `${SHARE_ONE}99 % of mine.wav also plays in other.wav, at the same pitch and speed. One passage matches.`,
  ],
  [
    "lower and faster",
    strong(passage({ speedRatio: 1.08, pitchShiftSemitones: -2 })),
    `${SHARE_ONE}50 % of mine.wav also plays in other.wav, 2 semitones lower and 8 % faster. One passage matches.`,
  ],
  [
    "only slower",
    strong(passage({ speedRatio: 0.9 })),
    `${SHARE_ONE}50 % of mine.wav also plays in other.wav, 10 % slower at the same pitch. One passage matches.`,
  ],
  [
    "faster and faster",
    strong(passage({ speedRatio: 1.035, speedRatioMin: 1.02, speedRatioMax: 1.05 })),
    `${SHARE_ONE}50 % of mine.wav also plays in other.wav, 2 to 5 % faster. One passage matches.`,
  ],
  [
    "slower and slower, and lower",
    strong(passage({ speedRatio: 0.96, speedRatioMin: 0.92, speedRatioMax: 0.999, pitchShiftSemitones: -0.7 })),
    `${SHARE_ONE}50 % of mine.wav also plays in other.wav, 1 semitone lower and up to 8 % slower. One passage matches.`,
  ],
  [
    "slower, then faster",
    strong(passage({ speedRatioMin: 0.985, speedRatioMax: 1.02 })),
    `${SHARE_ONE}50 % of mine.wav also plays in other.wav, 2 % slower to 2 % faster. One passage matches.`,
  ],
  [
    "only higher",
    strong(passage({ pitchShiftSemitones: 1 })),
    `${SHARE_ONE}50 % of mine.wav also plays in other.wav, 1 semitone higher at the same speed. One passage matches.`,
  ],
  [
    "changed in several ways",
    strong(
      passage(),
      passage({ leftStartSecs: 6, leftEndSecs: 12, rightStartSecs: 0, rightEndSecs: 3, speedRatio: 2 }),
    ),
    `${SHARE_MORE}50 % of mine.wav also plays in other.wav, changed in more than one way. ` +
      "Two passages match, in another order.",
  ],
  [
    "two thirds of what matches changed in one way",
    strong(at([0, 4], [6, 10]), { ...at([6, 8], [0, 1]), speedRatio: 2 }),
    `${SHARE_MORE}50 % of mine.wav also plays in other.wav, mostly at the same pitch and speed. ` +
      "Two passages match, in another order.",
  ],
  [
    "less than two thirds of what matches changed in one way",
    strong(at([0, 4], [6, 10]), { ...at([6, 8.1], [0, 1]), speedRatio: 2 }),
    `${SHARE_MORE}50 % of mine.wav also plays in other.wav, changed in more than one way. ` +
      "Two passages match, in another order.",
  ],

  // What was done between passages.
  [
    "a piece of the left song is missing in the right one",
    strong(at([0, 4], [0, 4]), at([6, 10], [4.2, 8.2])),
    `${SHARE_MORE}${HALF}Two passages match, with a cut in other.wav.`,
  ],
  [
    "pieces of the right song are missing in the left one",
    strong(at([0, 2], [0, 2]), at([2, 4], [3, 5]), at([4, 6], [7, 9])),
    `${SHARE_MORE}${HALF}Three passages match, with cuts in mine.wav.`,
  ],
  [
    "pieces are missing in both songs",
    strong(at([0, 2], [0, 2]), at([2, 4], [3, 5]), at([6, 8], [5, 7])),
    `${SHARE_MORE}${HALF}Three passages match, with cuts in both songs.`,
  ],
  [
    "something else lies between, in both songs",
    strong(at([0, 2], [0, 2]), at([4, 6], [8, 10])),
    `${SHARE_MORE}${HALF}Two passages match.`,
  ],
  [
    "passages that repeat each other",
    strong(at([0, 4], [4, 8]), at([3, 6], [0, 3])),
    `${SHARE_MORE}${HALF}Two passages match.`,
  ],
  [
    "pieces in another order, and one that resembles two of them",
    strong(at([0, 3], [6, 9]), { ...at([2, 8], [0, 6]), share: 0.6 }, at([3, 6], [3, 6]), at([6, 9], [0, 3])),
    `${SHARE_MORE}${HALF}Four passages match, one of them in a mix with other music in other.wav, in another order.`,
  ],
  [
    "a cut, and a short repeat of what is there",
    strong(at([0, 4], [0, 4]), at([1, 3], [5, 7]), at([6, 10], [4.2, 8.2])),
    `${SHARE_MORE}${HALF}Three passages match, with a cut in other.wav.`,
  ],
  [
    "a stutter, after which a moment is found twice",
    strong(at([0, 4], [0, 4]), at([3.6, 8], [6.6, 11])),
    `${SHARE_MORE}${HALF}Two passages match, with a cut in mine.wav.`,
  ],
  [
    "too short for its speed to be told",
    strong({ ...at([0, 2], [0, 2]), speedRatio: 1.05 }),
    `${SHARE_ONE}${HALF}One passage matches.`,
  ],
  [
    "long enough for that",
    strong({ ...at([0, 4], [0, 4]), speedRatio: 1.05 }),
    `${SHARE_ONE}50 % of mine.wav also plays in other.wav, 5 % faster at the same pitch. One passage matches.`,
  ],
  [
    "backwards",
    strong(passage({ reversed: true })),
    `${SHARE_ONE}50 % of mine.wav also plays in other.wav, backwards, at the same pitch and speed. ` +
      "One passage matches.",
  ],
  [
    "backwards, higher and faster",
    strong(passage({ reversed: true, pitchShiftSemitones: 2, speedRatio: 1.2 })),
    `${SHARE_ONE}50 % of mine.wav also plays in other.wav, backwards, 2 semitones higher and 20 % faster. ` +
      "One passage matches.",
  ],
  [
    "half a second is missing again and again",
    strong(passage({ rightEndSecs: 9.6 })),
    `${SHARE_ONE}50 % of mine.wav also plays in other.wav, with small pieces cut out or repeated, ` +
      "at the same pitch and speed. One passage matches.",
  ],

  // Mixes, loops, and what was left out.
  ["the right song is just no mix", strong(passage({ share: 0.75 })), `${SHARE_ONE}${HALF}One passage matches.`],
  [
    "the right song is a mix",
    strong(passage({ share: 0.74 })),
    `${SHARE_ONE}${HALF}One passage matches, in a mix with other music in other.wav.`,
  ],
  [
    "the left song is a mix",
    strong(passage({ leftShare: 0.74 })),
    `${SHARE_ONE}${HALF}One passage matches, in a mix with other music in mine.wav.`,
  ],
  [
    "both songs are mixes, in both passages",
    strong(
      passage({ share: 0.5 }),
      passage({ leftShare: 0.1, leftStartSecs: 7, leftEndSecs: 9, rightStartSecs: 0, rightEndSecs: 2 }),
    ),
    `${SHARE_MORE}${HALF}Two passages match, both in a mix with other music, in another order.`,
  ],
  [
    "one passage of three is in a mix",
    strong(
      passage(),
      passage({ share: 0.3 }),
      passage({ leftStartSecs: 7, leftEndSecs: 9, rightStartSecs: 1, rightEndSecs: 3 }),
    ),
    `${SHARE_MORE}${HALF}Three passages match, one of them in a mix with other music in other.wav, in another order.`,
  ],
  [
    "one stretch of the left song eight times, in mixes",
    strong(...loop(8, "right", { share: 0.5 })),
    `${SHARE_MORE}${HALF}Eight passages match, all in a mix with other music in other.wav: ` +
      "the same stretch of mine.wav each time.",
  ],
  [
    "one stretch of the right song twice",
    strong(...loop(2, "left")),
    `${SHARE_MORE}${HALF}Two passages match: the same stretch of other.wav each time.`,
  ],
  [
    "a fifth of a song or more was left out",
    { ...DIFFERENT, left: { leftOutShare: 0.19 }, right: { leftOutShare: 0.2 } },
    `${UNLIKE} 20 % of other.wav is silence, noise or a lone tone, and was left out.`,
  ],
  [
    "nearly all of a song was left out",
    { ...DIFFERENT, right: { leftOutShare: 0.9996 } },
    `${UNLIKE} 99 % of other.wav is silence, noise or a lone tone, and was left out.`,
  ],
  [
    "all of a song was left out",
    { ...MODERATE, passages: [], right: { leftOutShare: 1 } },
    "All of other.wav is silence, noise or a lone tone: there is nothing in it to compare.",
  ],
  [
    "all of both songs was left out",
    { ...SAME, passages: [], left: { leftOutShare: 1 }, right: { leftOutShare: 1 } },
    "All of mine.wav and of other.wav is silence, noise or a lone tone: there is nothing in it to compare.",
  ],
];

/** The beginnings of the sentences about what the verdict means. */
/** @type {[condition: string, report: Record<string, any>, meanings: string[]][]} */
const MEANINGS = [
  ["nearly identical", covering(SAME, 0.5, 0.5), ["It means: a copy, another mix", "It does not mean that anything"]],
  ["strong", covering(STRONG, 0.5, 0.5), ["It means: passages of one", "It does not mean that the whole songs are"]],
  ["moderate", covering(MODERATE, 0.5, 0.5), ["It means: something may be", "It does not mean that there is a copy"]],
  ["different", DIFFERENT, ["It means: no stretch of some seconds", "It does not mean that the songs have nothing"]],
  [
    "all of a song was left out",
    { ...DIFFERENT, right: { leftOutShare: 1 } },
    ["It means: a song is recognised by", "It does not mean that the two differ"],
  ],
  [
    "a song is a mix",
    strong(passage({ leftShare: 0.5 })),
    ["It means: passages of one", "It does not mean that the whole songs are", "Under other music means"],
  ],
  [
    "faster at the same pitch",
    strong(passage({ speedRatio: 1.11 })),
    ["It means: passages of one", "It does not mean that the whole songs are", "Faster or slower at the same pitch"],
  ],
  [
    "faster and higher",
    strong(passage({ speedRatio: 1.11, pitchShiftSemitones: 2 })),
    ["It means: passages of one", "It does not mean that the whole songs are"],
  ],
];

describe("sentences", () => {
  const visit = madeUpReports();

  /**
   * What `sentences.js` of the page says about these reports.
   * @param {Record<string, any>[]} reports
   */
  async function spoken(reports) {
    await visit.page.goto(`${visit.shared.url}embed.html`);
    const whole = reports.map((fields) => ({
      ...fields,
      left: { name: "mine.wav", coverage: 0.5, leftOutShare: 0, ...fields["left"] },
      right: { name: "other.wav", coverage: 0.5, leftOutShare: 0, ...fields["right"] },
    }));
    return visit.page.evaluate(
      async ([url, given]) => {
        const { meanings, verdictWords } = await import(url);
        return given.map((report) => ({
          words: /** @type {string} */ (
            verdictWords(report)
              .map((/** @type {any} */ piece) => piece.text ?? piece)
              .join("")
          ),
          meanings: /** @type {string[]} */ (meanings(report)),
        }));
      },
      /** @type {const} */ ([`${visit.shared.url}report/words/sentences.js`, whole]),
    );
  }

  test("the words under the title", async () => {
    const said = await spoken(WORDS.map(([, report]) => report));
    const rows = WORDS.map(([condition, , words], index) => [condition, words, said[index]?.words]);
    for (const [condition, words, found] of rows) assert.equal(found, words, condition);
  });

  test("what the verdict means, and what not", async () => {
    const said = await spoken(MEANINGS.map(([, report]) => report));
    for (const [index, [condition, , beginnings]] of MEANINGS.entries()) {
      const found = said[index]?.meanings ?? [];
      assert.equal(found.length, beginnings.length, `${condition}: ${found.join("\n")}`);
      for (const [place, beginning] of beginnings.entries())
        assert.ok(found[place]?.startsWith(beginning), `${condition}: ${found[place]}`);
    }
  });

  test("of a file that was cut off, the page says how much could be read", async () => {
    const { audio } = visit.shared;
    const whole = audio.encoded("whole.mp3", visit.songs.other, ["-c:a", "libmp3lame", "-b:a", "128k"]);
    const bytes = readFileSync(whole);
    const half = audio.file("half.mp3", bytes.subarray(0, bytes.length / 2));
    await visit.show({ ...strong(passage()) }, whole, half);
    const words = await visit.page.locator("#verdict-words").innerText();
    assert.match(
      words,
      / Only 0:06 of half\.mp3 could be read, where 0:12 were expected: it may be cut off or damaged\.$/,
    );
    assert.doesNotMatch(words, /whole\.mp3 could be read/);
  });

  test("where there is nothing to compare, the page shows no score", async () => {
    await visit.show({ ...DIFFERENT, left: { leftOutShare: 1 } });
    assert.equal(await visit.page.locator("#verdict-title").innerText(), "Nothing to compare");
    assert.equal(await visit.page.locator("#recording .ring text").first().textContent(), "–");
    assert.equal(await visit.page.locator("#status").textContent(), "Nothing to compare.");
    assert.match(await visit.page.locator(".links-picture").innerText(), /There is nothing to compare/);
  });
});
