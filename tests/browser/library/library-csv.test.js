/** The table of one song against many, saved as CSV. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { libraryVisits } from "../support/library-visit.js";

describe("library as CSV", () => {
  const visit = libraryVisits();
  const { shared, files, summary, lefts, rights } = visit;

  test("the table is saved as CSV, best first", async () => {
    await lefts().setInputFiles(visit.mine);
    await rights().setInputFiles(files.filter((path) => /again|broken|other-3\./.test(path)));
    await summary("^All 3 checked");
    const [download] = await Promise.all([visit.page.waitForEvent("download"), visit.page.click("#library-csv")]);
    const lines = readFileSync(await download.path(), "utf8")
      .trimEnd()
      .split("\r\n");
    assert.equal(
      lines[0],
      "\ufeffleft,right,folder,score,verdict,left_coverage,passages,composition_score,composition_verdict,note",
    );
    assert.match(String(lines[1]), /^mine\.wav,again\.wav,,1\.0000,nearly-identical,/);
    assert.match(String(lines[2]), /^mine\.wav,other-3\.wav,,0\.\d{4},/);
    assert.match(String(lines[3]), /^mine\.wav,broken\.mp3,,,failed,,,,,"?“broken\.mp3”/);
  });

  test("CSV begins with the mark of UTF-8, and names that look like formulas are escaped", async () => {
    const cells = await visit.page.evaluate(async (url) => {
      const { libraryCsv, passagesCsv } = await import(url);
      const names = [
        "=1+1.mp3",
        "+1.mp3",
        "@sum.mp3",
        "-2+3+cmd|' /C calc'!A0.mp3",
        "-.5*2",
        "-1",
        "-1.5",
        "Ü, “1”.mp3",
      ];
      const library = libraryCsv(
        "mine.wav",
        names.map((name, index) => ({
          index,
          file: { name },
          folder: "",
          state: "waiting",
          result: undefined,
          note: "",
        })),
      );
      const passage = {
        leftStartSecs: 0,
        leftEndSecs: 1,
        rightStartSecs: 0,
        rightEndSecs: 1,
        score: 1,
        speedRatio: 1,
        pitchShiftSemitones: -2,
        share: 0.3,
        leftShare: 0.9,
      };
      const drifting = { ...passage, speedRatio: 1.035, speedRatioMin: 1.02, speedRatioMax: 1.05 };
      const passages = passagesCsv({
        left: { name: "-2.mp3" },
        right: { name: "b.mp3" },
        passages: [passage, drifting],
      });
      return [library, passages].map((text) => text.split("\r\n"));
    }, `${shared.url}report/save.js`);
    const [library, passages] = /** @type {[string[], string[]]} */ (cells);
    assert.deepEqual(
      library.slice(1, -1).map((line) => line.slice("mine.wav,".length, -",,,not checked,,,,,".length)),
      ["'=1+1.mp3", "'+1.mp3", "'@sum.mp3", "'-2+3+cmd|' /C calc'!A0.mp3", "'-.5*2", "-1", "-1.5", '"Ü, “1”.mp3"'],
    );
    assert.match(
      String(passages[1]),
      /^'-2\.mp3,.*,-2\.0,0\.30,0\.90,false,recording,,"faintly, under other music in b\.mp3"$/,
    );
    assert.match(String(passages[2]), /,1\.035,1\.020,1\.050,-2\.0,/);
    for (const [header] of [library, passages]) assert.match(String(header), /^\ufeffleft,right/);
  });
});
