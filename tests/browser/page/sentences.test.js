/** Sentences of the result page for reports of every kind. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MODERATE, STRONG, loop, madeUpReports, passage } from "../support/made-up-reports.js";

const HALF_LEFT_OUT =
  /No passage of one was found in the other\. 50 % of other\.wav is silence, noise or a lone tone, and was left out\.$/;

describe("sentences", () => {
  const visit = madeUpReports();

  for (const [what, fields, words] of /** @type {[string, Record<string, any>, RegExp][]} */ ([
    [
      "lower and faster",
      { ...STRONG, passages: [passage({ speedRatio: 1.08, pitchShiftSemitones: -2 })], left: { coverage: 0.62 } },
      /\. 62 % of mine\.wav also plays in other\.wav, 2 semitones lower and 8 % faster\. One passage matches\.$/,
    ],
    ["only slower", { ...STRONG, passages: [passage({ speedRatio: 0.9 })] }, /, 10 % slower at the same pitch\./],
    [
      "only higher",
      { ...STRONG, passages: [passage({ pitchShiftSemitones: 1 })] },
      /, 1 semitone higher at the same speed\./,
    ],
    ["neither", { ...STRONG, passages: [passage()] }, /, at the same pitch and speed\./],
    [
      "in two ways",
      { ...STRONG, passages: [passage(), passage({ pitchShiftSemitones: 3 })] },
      /, changed in more than one way\. Two passages match\./,
    ],
    [
      "a little of a long song",
      { ...STRONG, passages: [passage()], left: { coverage: 0.001 } },
      /\. Less than 1 % of mine\.wav also plays/,
    ],
    [
      "nearly all of a song",
      { ...STRONG, passages: [passage()], left: { coverage: 0.998 } },
      /\. 99 % of mine\.wav also plays/,
    ],
    ["all of a song", { ...STRONG, passages: [passage()], left: { coverage: 1 } }, /\. 100 % of mine\.wav also plays/],
    [
      "a passage under other music",
      { ...STRONG, passages: [passage({ share: 0.74 })] },
      /, at the same pitch and speed\. One passage matches, in a mix with other music\.$/,
    ],
    [
      "a passage that is nearly alone",
      { ...STRONG, passages: [passage({ share: 0.75 })] },
      /\. One passage matches\.$/,
    ],
    [
      "two passages under other music",
      { ...STRONG, passages: [passage({ share: 0.5 }), passage({ share: 0.1 })] },
      /\. Two passages match, both in a mix with other music\.$/,
    ],
    [
      "one of three passages under other music",
      { ...STRONG, passages: [passage(), passage({ share: 0.3 }), passage()] },
      /\. Three passages match, one of them in a mix with other music\.$/,
    ],
    [
      "a loop under other music",
      { ...STRONG, passages: loop(8, "right", { share: 0.5 }) },
      /\. Eight passages match, all in a mix with other music: the same stretch of mine\.wav each time\.$/,
    ],
    [
      "a song that uses one stretch of the other twice",
      { ...STRONG, passages: loop(2, "left") },
      /\. Two passages match: the same stretch of other\.wav each time\.$/,
    ],
    [
      "something without a passage",
      { ...MODERATE, passages: [] },
      /share something.*too short or too scattered to be marked\.$/,
    ],
    [
      "a song that is half silence",
      { score: 0.1, verdict: "different", passages: [], right: { leftOutShare: 0.5 } },
      HALF_LEFT_OUT,
    ],
  ])) {
    test(`the verdict's sentence: ${what}`, async () => {
      await visit.page.goto(`${visit.shared.url}embed.html`);
      const report = {
        ...fields,
        left: { name: "mine.wav", coverage: 0.5, leftOutShare: 0, ...fields["left"] },
        right: { name: "other.wav", coverage: 0.5, leftOutShare: 0, ...fields["right"] },
      };
      const sentence = await visit.page.evaluate(
        async ([url, given]) => {
          const { verdictWords } = await import(url);
          return verdictWords(given)
            .map((/** @type {any} */ piece) => piece.text ?? piece)
            .join("");
        },
        /** @type {const} */ ([`${visit.shared.url}report/verdict.js`, report]),
      );
      assert.match(sentence, words);
    });
  }
});
