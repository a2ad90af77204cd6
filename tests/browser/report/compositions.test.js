/** The answer about the composition: in words, in the pictures, played, saved and in tables. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, test } from "node:test";
import { STRONG, composedPassage, composition, passage } from "../support/inputs/made-up-reports.js";
import { CHECK_TIMEOUT_MS, madeUpReports } from "../support/report-visit.js";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PHONE = { width: 390, height: 800 };
const DESKTOP = { width: 1280, height: 800 };

const DIFFERENT = { score: 0.03, verdict: "different", passages: [] };
const UNCHANGED = { speedRatio: 1, transpositionSemitones: 0 };
const LATER = { leftStartSecs: 8, leftEndSecs: 11, rightStartSecs: 7, rightEndSecs: 10 };
const COVER = composition("same-composition", 0.93, [composedPassage()]);
const PLACE = "From 0:03 to 0:07 of mine.wav, and from 0:02 to 0:07 of other.wav, ";

/**
 * All sentences of the answer, each with the condition under which it stands.
 * @type {[condition: string, report: Record<string, any>, recording: string, title: string,
 *   words: string][]}
 */
const WORDS = [
  [
    "same composition, one passage",
    { ...DIFFERENT, composition: COVER },
    "Another recording",
    "The same melody and chords",
    `${PLACE}3 semitones lower and 8 % slower. `,
  ],
  [
    "same composition, melody alone",
    {
      ...DIFFERENT,
      composition: composition("same-composition", 0.9, [composedPassage({ evidence: "melody", ...UNCHANGED })]),
    },
    "Another recording",
    "The same melody",
    `${PLACE}at the same pitch and speed. `,
  ],
  [
    "same composition, several passages",
    {
      ...DIFFERENT,
      composition: composition("same-composition", 0.9, [
        composedPassage({ evidence: "melody", ...LATER }),
        composedPassage({ evidence: "harmony", speedRatio: 1 }),
      ]),
    },
    "Another recording",
    "The same melody and chords",
    "In 2 passages, the longest from 0:03 to 0:07 of mine.wav, and from 0:02 to 0:07 of other.wav, " +
      "3 semitones lower at the same speed. ",
  ],
  [
    "possibly",
    { ...DIFFERENT, composition: composition("possibly", 0.6, [composedPassage({ transpositionSemitones: 0 })]) },
    "Another recording",
    "Possibly the same melody and chords",
    `${PLACE}8 % slower at the same pitch. It may be chance: listen before you judge.`,
  ],
  [
    "same chords",
    { ...DIFFERENT, composition: composition("same-chords", 0.2, [composedPassage({ evidence: "harmony" })]) },
    "Different songs",
    "The same chords, another melody",
    `${PLACE}3 semitones lower and 8 % slower. Many songs share their chords. No common melody was found over these.`,
  ],
  [
    "no sign of it",
    { ...DIFFERENT, composition: composition("none", 0.04, []) },
    "Different songs",
    "No common melody found",
    "No melody of one song was found in the other, in any key, at 0.7 to 1.4 times the speed.",
  ],
  [
    "nothing to compare",
    { ...DIFFERENT, composition: { ...composition("none", 0, []), comparable: false } },
    "Different songs",
    "No melody or chords to compare",
    "At least one of the songs has too little of them: less than 8 seconds, or only speech, noise or drums.",
  ],
  [
    "a copy, of which other parts are played anew",
    { ...STRONG, passages: [passage()], composition: COVER },
    "Strong match",
    "The same melody and chords",
    `${PLACE}3 semitones lower and 8 % slower. `,
  ],
];

describe("compositions", () => {
  const visit = madeUpReports();
  const { songs } = visit;

  test("the words of the second answer, and the title of the first", async () => {
    await visit.page.goto(`${visit.shared.url}embed.html`);
    const said = await visit.page.evaluate(
      async ([url, reports]) => {
        const [{ titleOf }, { compositionOf, compositionTitle, compositionWords }] = await Promise.all(
          ["verdict", "words/composition"].map((name) => import(`${url}report/${name}.js`)),
        );
        return reports.map((fields) => {
          const side = (/** @type {string} */ name) => ({ name, coverage: 0.5, leftOutShare: 0 });
          const report = { ...fields, left: side("mine.wav"), right: side("other.wav") };
          const answer = compositionOf(report);
          const words = compositionWords(report, answer).map((/** @type {any} */ piece) => piece.text ?? piece);
          return [titleOf(report), compositionTitle(answer), words.join("")];
        });
      },
      /** @type {const} */ ([visit.shared.url, WORDS.map(([, report]) => report)]),
    );
    for (const [index, [condition, , ...words]] of WORDS.entries()) assert.deepEqual(said[index], words, condition);
  });

  test("both answers stand side by side, their passages in pictures, list and saved table", async () => {
    await visit.show({ ...STRONG, passages: [passage()], composition: COVER });
    const [first, second] = await visit.page
      .locator(".answers > .card")
      .evaluateAll((all) => all.map((one) => one.getBoundingClientRect().toJSON()));
    assert.ok(second.x > first.right - 1 && Math.abs(second.y - first.y) < 1, "not side by side");
    assert.equal(await visit.page.locator("#composition-title").innerText(), "The same melody and chords");
    assert.equal(await visit.page.locator("#composition .ring text").first().textContent(), "0.93");
    assert.equal(
      await visit.page.locator("#status").textContent(),
      "Strong match, score 0.85. The same melody and chords, score 0.93.",
    );
    for (const [where, labels] of /** @type {const} */ ([
      [".links-picture .flag", ["1", "1", "A", "A"]],
      ["#passages .flag", ["1", "A"]],
      [".heat-box .flag", ["1", "A"]],
    ]))
      assert.deepEqual((await visit.page.locator(where).allInnerTexts()).sort(), labels, where);
    assert.match(
      String(await visit.page.locator(".links-picture svg").getAttribute("aria-label")),
      /1: .* plays at .*; A: 0:03 to 0:07 of mine\.wav and 0:02 to 0:07 of other\.wav, same melody and chords, 3 semi/,
    );
    assert.deepEqual(await visit.page.locator("#passages small").allInnerTexts(), [
      "same pitch and speed · score 0.90",
      "3 semitones lower, 8 % slower · score 0.91",
      "same melody and chords",
    ]);
    const striped = await visit.page.locator(".block").evaluateAll((all) =>
      all.map((one) => {
        const { fill } = getComputedStyle(one);
        return document.querySelector(/"(#.*)"/.exec(fill)?.[1] ?? "none")?.tagName;
      }),
    );
    assert.deepEqual(striped.map(String).sort(), ["pattern", "pattern", "undefined", "undefined"]);
    assert.match(await visit.page.locator(".links-key").innerText(), /1.*plain.*\s*A.*striped/);
    await visit.page.click("#facts summary");
    assert.match(await visit.page.locator("#facts").innerText(), /0\.9300 \(same-composition\)/);
    const [download] = await Promise.all([visit.page.waitForEvent("download"), visit.page.click("#save-csv")]);
    const [, recorded, composed] = readFileSync(await download.path(), "utf8").split("\r\n");
    assert.match(String(recorded), /,0\.0,1\.00,1\.00,false,recording,,$/);
    assert.equal(
      composed,
      "mine.wav,other.wav,3.1,7.2,2.0,6.5,0.910,0.920,0.920,0.920,-3.0,,,,composition,both,same melody and chords",
    );
  });

  for (const [what, fields] of /** @type {[string, Record<string, any>][]} */ ([
    [
      "a copy, of which nothing is played anew",
      { ...STRONG, passages: [passage()], composition: composition("none", 0.1, []) },
    ],
  ]))
    test(`${what} shows one answer`, async () => {
      await visit.show(fields);
      assert.ok(await visit.page.locator("#composition").isHidden());
      assert.ok(await visit.page.locator(".question").first().isHidden());
      assert.equal(await visit.page.locator(".links-key").count(), 0);
      assert.equal(await visit.page.locator("#status").textContent(), "Strong match, score 0.85.");
    });

  test("no rule of accessibility is broken, light or dark, on a phone or a desk", async () => {
    await visit.show({ ...DIFFERENT, composition: composition("possibly", 0.6, [composedPassage()]) });
    await visit.page.locator("details").evaluateAll((all) => all.forEach((one) => one.setAttribute("open", "")));
    await visit.page.evaluate(AXE);
    for (const colorScheme of /** @type {const} */ (["light", "dark"]))
      for (const viewport of [DESKTOP, PHONE]) {
        await visit.page.emulateMedia({ colorScheme });
        await visit.page.setViewportSize(viewport);
        const { violations } = await visit.page.evaluate(() => /** @type {any} */ (globalThis).axe.run(document));
        assert.deepEqual(
          violations.map(
            (/** @type {any} */ { id, nodes }) => `${id}: ${nodes.map((/** @type {any} */ n) => n.target)}`,
          ),
          [],
          `${colorScheme}, ${viewport.width} px`,
        );
        assert.ok((await visit.page.evaluate(() => document.documentElement.scrollWidth)) <= viewport.width);
      }
  });

  test("at once, the other song is played in your song’s key; in turn, as it is", async () => {
    await visit.show({ ...DIFFERENT, composition: COVER });
    const hint = visit.page.locator("#play-hint");
    await visit.page.locator("#passages button").click();
    await visit.page.waitForFunction(() => document.querySelectorAll(".playhead.on").length === 2);
    assert.match(await hint.innerText(), /in step\. It is moved 3 semitones up for that, into your song’s key\.$/);
    await visit.page.locator("#play-in-turn").check({ force: true });
    assert.doesNotMatch(await hint.innerText(), /moved/);
  });

  test("a tone is moved up and down by semitones", async () => {
    await visit.page.goto(`${visit.shared.url}embed.html`);
    const heardHz = await visit.page.evaluate(async (url) => {
      const { pitchShift } = await import(url);
      const rateHz = 44_100;
      /**
       * The frequency with the greatest power, of those a semitone apart.
       * @param {number} semitones
       */
      const heard = async (semitones) => {
        const context = new OfflineAudioContext(1, 2 * rateHz, rateHz);
        const tone = new OscillatorNode(context, { frequency: 440 });
        const { input, output } = pitchShift(context, semitones);
        tone.connect(input);
        output.connect(context.destination);
        tone.start();
        const samples = (await context.startRendering()).getChannelData(0).subarray(rateHz / 2);
        const candidates = Array.from({ length: 25 }, (_, index) => 440 * 2 ** ((index - 12) / 12));
        const powers = candidates.map((hz) => {
          let [real, imaginary] = [0, 0];
          for (const [index, sample] of samples.entries()) {
            const phase = (2 * Math.PI * hz * index) / rateHz;
            real += sample * Math.cos(phase);
            imaginary += sample * Math.sin(phase);
          }
          return real ** 2 + imaginary ** 2;
        });
        return candidates[powers.indexOf(Math.max(...powers))];
      };
      return [await heard(3), await heard(-5)];
    }, `${visit.shared.url}report/pitch-shift.js`);
    assert.deepEqual(
      heardHz.map((hz) => Math.round(12 * Math.log2(Number(hz) / 440))),
      [3, -5],
    );
  });

  test("the table of one song against many shows the stronger answer", async () => {
    await visit.page.addInitScript((answer) => {
      Object.assign(globalThis, {
        changed: (/** @type {any} */ report) =>
          report.right.name === "other.wav" ? { ...report, composition: answer } : report,
      });
    }, COVER);
    await visit.page.goto(visit.shared.url);
    const inputs = visit.page.locator("input[type=file]");
    await inputs.nth(0).setInputFiles(songs.mine);
    await inputs.nth(1).setInputFiles([songs.other, songs.mine]);
    const row = visit.page.locator("#library-rows tr").filter({ hasText: "other.wav" });
    await row.getByText("Same composition").waitFor({ timeout: CHECK_TIMEOUT_MS });
    assert.match(await row.innerText(), /0\.93[^]*0:03 – 0:07 ↔ 0:02 – 0:07[^]*same melody and chords/);
    await visit.page.locator("#library-words").getByText("2 matches").waitFor();
    const [download] = await Promise.all([visit.page.waitForEvent("download"), visit.page.click("#library-csv")]);
    assert.match(
      readFileSync(await download.path(), "utf8"),
      /other\.wav,,0\.\d+,different,.*,0\.9300,same-composition,/,
    );
  });
});
