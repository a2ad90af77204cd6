/** The page with a file of several sound tracks. */

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { visits } from "../support/visit.js";

describe("sound tracks on the page", () => {
  const visit = visits();
  const { audio, give, report, songs } = visit;

  before(() => {
    const tracks = ["-i", songs.original, "-map", "0", "-map", "1", "-disposition:a:0", "0"];
    const words = ["-metadata:s:a:0", "language=fra", "-disposition:a:1", "default", "-c:a", "aac"];
    songs.two = audio.encoded("two.mp4", songs.unrelated, [...tracks, ...words]);
  });

  /** @param {"left" | "right"} side */
  const choice = (side) => visit.page.locator(`.zone.${side} .zone-tracks`);

  test("its default one is compared, and the visitor may choose another", async () => {
    await give("left", songs.two);
    await give("right", songs.original);
    assert.ok((await report()).score > 0.9);
    assert.deepEqual(await choice("left").locator("option").allInnerTexts(), [
      "Sound track 1 of 2 · French",
      "Sound track 2 of 2",
    ]);
    assert.equal(await choice("left").inputValue(), "2");
    assert.ok(await choice("right").isHidden());

    await choice("left").selectOption("1");
    await visit.page.locator("[data-verdict=different]").waitFor();
    assert.equal(await choice("left").inputValue(), "1");
    await choice("left").selectOption("2");
    await visit.page.locator("[data-verdict=nearly-identical]").waitFor();
  });

  test("the choice leaves with the file", async () => {
    await give("left", songs.two);
    await choice("left").waitFor();
    await give("left", songs.original);
    await choice("left").waitFor({ state: "hidden" });
    await give("left", songs.two);
    await choice("left").waitFor();
    await give("right", songs.original);
    await report();
    await visit.page.locator("#restart").click();
    assert.ok(await choice("left").isHidden());
  });
});
