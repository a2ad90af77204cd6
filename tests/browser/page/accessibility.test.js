/**
 * Accessibility of the page: the rules of axe-core for every state in both colour schemes, the
 * browser's accessibility tree, and operation by keyboard alone.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { afterEach, before, beforeEach, describe, test } from "node:test";
import { siteInChromium } from "../support/visit.js";

const CHECK_TIMEOUT_MS = 90_000;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PHONE = { width: 360, height: 740 };
const DESKTOP = { width: 1280, height: 800 };

describe("accessibility", () => {
  const shared = siteInChromium();
  const { audio } = shared;
  /** @type {import("playwright-core").Page} */
  let page;
  const songs = /** @type {Record<string, string>} */ ({});

  before(async () => {
    songs.original = audio.tune("original.wav", 1, 20);
    songs.copy = audio.transposed("copy.mp3", songs.original, 2);
    songs.unrelated = audio.tune("unrelated.wav", 7, 18);
    songs.text = audio.file("text.mp3", "These are words and no song.\n".repeat(200));
  });

  beforeEach(async () => {
    // A service worker would answer requests that the tests must delay.
    const context = await shared.browser.newContext({ serviceWorkers: "block", viewport: DESKTOP });
    page = await context.newPage();
  });

  afterEach(() => page.context().close());

  /** @param {string} [path] */
  const open = (path = "?backend=cpu") => page.goto(shared.url + path);

  /** @param {"left" | "right"} side @param {string | string[]} file */
  const give = (side, file) =>
    page
      .locator("input[type=file]")
      .nth(side === "left" ? 0 : 1)
      .setInputFiles(file);

  const standing = () => page.locator("[data-verdict]").waitFor({ timeout: CHECK_TIMEOUT_MS });

  /** @param {string} left @param {string} right */
  async function compare(left, right) {
    await open();
    await give("left", left);
    await give("right", right);
    await standing();
  }

  /** Makes the start of the engine wait forever. */
  const holdEngine = () => page.route("**/*.wasm", () => {});

  /**
   * States of the page, and the steps that lead to them.
   * @type {Record<string, () => Promise<unknown>>}
   */
  const states = {
    start: () => open(),
    "one song chosen": async () => {
      await open();
      await give("left", songs.original);
    },
    working: async () => {
      await holdEngine();
      await open();
      await give("left", songs.original);
      await give("right", songs.copy);
      await page.locator("#progress").waitFor();
    },
    "result of a copy": async () => {
      await compare(songs.original, songs.copy);
      await page.locator("details").evaluateAll((all) => all.forEach((one) => one.setAttribute("open", "")));
      await page.locator("#passages li").first().hover();
    },
    "result of unrelated songs": () => compare(songs.original, songs.unrelated),
    library: async () => {
      await open();
      await give("left", songs.original);
      await give("right", [songs.copy, songs.unrelated, songs.text, songs.original]);
      await page.locator("#library-words").filter({ hasText: "All 4 checked" }).waitFor({ timeout: CHECK_TIMEOUT_MS });
    },
    "library at work": async () => {
      await holdEngine();
      await open();
      await give("left", songs.original);
      await give("right", [songs.copy, songs.unrelated, songs.text]);
      await page.locator("#library.running").waitFor();
    },
    error: async () => {
      await open();
      await give("left", songs.text);
      await give("right", songs.original);
      await page.locator("#error").waitFor({ timeout: CHECK_TIMEOUT_MS });
    },
    "page about embedding": () => open("embed.html"),
    "element with a report": async () => {
      await open("embed.html");
      // One has the page's colours, the other one its own.
      await page.locator("#fixed input").first().setInputFiles(songs.original);
      for (const side of [0, 1]) await page.locator("#any input").nth(side).setInputFiles(songs.original);
      for (const element of ["#fixed", "#any"])
        await page.locator(`${element}[data-verdict]`).waitFor({ timeout: CHECK_TIMEOUT_MS });
    },
    "element with an error": async () => {
      await open("embed.html");
      await page.locator("#fixed input").first().setInputFiles(songs.text);
      await page.locator("#fixed [part=error]").waitFor({ timeout: CHECK_TIMEOUT_MS });
    },
  };

  for (const [state, reach] of Object.entries(states)) {
    test(`${state}: no rule is broken, light or dark, on a phone or a desk`, async () => {
      await page.emulateMedia({ reducedMotion: "reduce" });
      await reach();
      await page.evaluate(AXE);
      for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
        for (const viewport of [DESKTOP, PHONE]) {
          await page.emulateMedia({ colorScheme });
          await page.setViewportSize(viewport);
          const { violations, passes } = await page.evaluate(() =>
            /** @type {any} */ (globalThis).axe.run(document, { resultTypes: ["violations"] }),
          );
          assert.ok(passes.length > 20, "axe has hardly looked at anything");
          const faults = violations.map(
            (/** @type {any} */ { id, help, nodes }) =>
              `${id}: ${help}: ` +
              nodes.map((/** @type {any} */ { target, any }) => `${target} ${any[0]?.message ?? ""}`).join("; "),
          );
          assert.deepEqual(faults, [], `${colorScheme}, ${viewport.width} px`);
          const width = await page.evaluate(() => document.documentElement.scrollWidth);
          assert.ok(width <= viewport.width, `${width} px wide on a screen of ${viewport.width}`);
        }
      }
    });
  }

  /** Lines of a screen reader: role, name and value of every node that isn't ignored. */
  async function readable() {
    const session = await page.context().newCDPSession(page);
    const { nodes } = await session.send("Accessibility.getFullAXTree");
    await session.detach();
    const isHeard = (/** @type {string} */ role) =>
      !["none", "generic", "InlineTextBox", "LineBreak", "ListMarker"].includes(role);
    // The list is in order of depth; a screen reader goes from each node to its first child.
    const byId = new Map(nodes.map((node) => [node.nodeId, node]));
    /** @type {(node: typeof nodes[number] | undefined) => typeof nodes} */
    const inOrder = (node) => (node ? [node, ...(node.childIds ?? []).flatMap((id) => inOrder(byId.get(id)))] : []);
    return inOrder(nodes[0])
      .filter(({ ignored, role }) => !ignored && role && isHeard(role.value))
      .map(({ role, name, value, description, properties }) => ({
        line: [role?.value, name?.value, value?.value, description?.value]
          .filter((part) => part !== undefined && part !== "")
          .join(" | "),
        isFocusable:
          properties?.some((property) => property.name === "focusable" && property.value.value === true) ?? false,
        name: name?.value ?? "",
        role: role?.value ?? "",
      }));
  }

  /** @param {Awaited<ReturnType<typeof readable>>} heard @param {RegExp[]} wanted in this order */
  function assertHeard(heard, wanted) {
    const lines = heard.map(({ line }) => line);
    let from = 0;
    for (const pattern of wanted) {
      const at = lines.findIndex((line, index) => index >= from && pattern.test(line));
      assert.ok(
        at >= 0,
        `${pattern} is not announced after “${lines[from - 1] ?? "the beginning"}”:\n` +
          lines.filter((line) => !line.startsWith("StaticText")).join("\n"),
      );
      from = at + 1;
    }
    const nameless = heard.filter(
      ({ isFocusable, name, role }) => isFocusable && name.trim() === "" && role !== "RootWebArea",
    );
    assert.deepEqual(
      nameless.map(({ line }) => line),
      [],
      "what can be focused has a name",
    );
  }

  test("a screen reader announces what the page is for and what each zone takes", async () => {
    await states["start"]?.();
    assertHeard(await readable(), [
      /^RootWebArea \| Soundalike/,
      /^link \| Your songs never leave this device/,
      /^heading \| Is this song too close to that one\?/,
      /^region \| The two songs/,
      /^button \| Your song.* \| MP3, WAV/,
      /^button \| The other song.* \| or many/,
      /^button \| Try an example/,
      /^heading \| What the score means/,
      /^heading \| How to check the promise/,
    ]);
  });

  test("a screen reader announces how far a check is, and can end it", async () => {
    await states["working"]?.();
    assertHeard(await readable(), [
      /^button \| Your song.*original\.wav/,
      /^(progressbar|progressindicator) \| Getting ready/,
      /^button \| Cancel/,
    ]);
  });

  test("a screen reader announces score, verdict, passages and their changes in this order", async () => {
    await states["result of a copy"]?.();
    assertHeard(await readable(), [
      /^region \| Result/,
      /^(image|img) \| Score (?:0\.\d\d|1\.00) of 1/,
      /^heading \| (Nearly identical|Strong match|Moderate match)/,
      /^heading \| Where they match/,
      /^(image|img) \| Matching passages\. 1: 0:\d\d to 0:\d\d of original\.wav plays at 0:\d\d to 0:\d\d of copy\.mp3/,
      /^heading \| Passages/,
      /^radio \| At once/,
      /^radio \| In turn/,
      /^listitem/,
      /^button \| Play passage 1 in both songs/,
      /^heading \| Every moment against every moment/,
      /^(image|img) \| Score matrix of original\.wav and copy\.mp3/,
      /^button \| Save report/,
    ]);
    const status = await page.locator("#status").innerText();
    assert.match(status, /, score (?:0\.\d\d|1\.00)\./, "the verdict is announced");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "result", "the reader stands at the result");
  });

  test("a screen reader announces the table with its heads, and files that can’t be checked", async () => {
    await states["library"]?.();
    assertHeard(await readable(), [
      /^heading \| original\.wav against 4 songs/,
      /^table \| The songs, closest first/,
      /^columnheader \| Rank/,
      /^columnheader \| Song/,
      /^columnheader \| Score/,
      /^rowheader \| original\.wav/,
      /^(cell|gridcell) \| 1\.00/,
      /^(cell|gridcell) \| Nearly identical/,
      /^rowheader \| text\.mp3/,
      /^(cell|gridcell) \| Can’t be checked/,
      /^(cell|gridcell) \| Is not a sound file/,
    ]);
  });

  test("a screen reader announces an error at once", async () => {
    await states["error"]?.();
    assertHeard(await readable(), [/^alert/, /^strong|This song can’t be checked/]);
  });

  /** Presses Tab and describes the focused element. */
  async function tab() {
    await page.keyboard.press("Tab");
    return page.evaluate(() => {
      const focused = document.activeElement;
      if (!focused || focused === document.body) return undefined;
      // The focus ring of a hidden input is drawn around the element that represents it.
      const drawn = [focused, focused.nextElementSibling, focused.closest(".zone"), focused.closest("label")];
      const isMarked = drawn.some(
        (element) =>
          element &&
          getComputedStyle(element).outlineStyle !== "none" &&
          parseFloat(getComputedStyle(element).outlineWidth) >= 2,
      );
      const box = focused.getBoundingClientRect();
      return {
        what:
          focused.id ||
          focused.getAttribute("aria-label") ||
          focused.closest(".zone")?.className ||
          focused.textContent?.trim() ||
          focused.tagName,
        isMarked,
        isInSight: box.bottom > 0 && box.top < innerHeight,
      };
    });
  }

  test("by keyboard alone: songs are chosen, the result read, a passage played, others compared", async () => {
    await open();
    // The first stop is the link about privacy.
    for (const [side, file] of /** @type {const} */ ([
      ["left", "original"],
      ["right", "copy"],
    ])) {
      const chooser = page.waitForEvent("filechooser");
      for (
        let stops = 0;
        !(await page.evaluate((wanted) => document.activeElement?.closest(`.zone.${wanted} label`) !== null, side));
        stops++
      ) {
        assert.ok(stops < 5, `the ${side} zone is not reached`);
        await tab();
      }
      await page.keyboard.press("Enter");
      await (await chooser).setFiles(/** @type {string} */ (songs[file]));
    }
    await standing();
    const stops = [];
    for (let stop = await tab(); stop && stops.length < 60; stop = await tab()) stops.push(stop);
    assert.deepEqual(
      stops.filter(({ isMarked, isInSight }) => !isMarked || !isInSight).map(({ what }) => what),
      [],
      "where the keyboard is must be seen",
    );
    const names = stops.map(({ what }) => what);
    for (const wanted of [
      /What this verdict means/,
      /^Play passage 1/,
      /Details of this check/,
      /^save-json$/,
      /^save-csv$/,
      /^print$/,
      /^restart$/,
      /Put it on your own site/,
    ]) {
      assert.ok(
        names.some((name) => wanted.test(name)),
        `${wanted} is not reached by Tab: ${names.join(", ")}`,
      );
    }
    assert.ok(stops.length < 60, "the way has no end");

    await page.locator("#passages button").first().focus();
    for (const part of [".block", ".ribbon", ".diagonal", "#passages li"]) {
      assert.match(
        (await page.locator(`${part}[data-passage="0"]`).first().getAttribute("class")) ?? "",
        /active/,
        `the keyboard lights up ${part}`,
      );
    }
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelectorAll(".playhead.on").length === 2);
    await page.keyboard.press("Escape");
    assert.equal(await page.locator(".playhead.on").count(), 0, "Escape ends the playing");
    await page.locator("#play-mode input").first().focus();
    await page.keyboard.press("ArrowRight");
    assert.ok(await page.locator("#play-in-turn").isChecked());
    await page.locator("#restart").focus();
    await page.keyboard.press("Enter");
    assert.ok(
      await page.evaluate(() => document.activeElement?.closest(".zone.left") !== null),
      "the keyboard is where the next song goes",
    );
  });

  test("a check is cancelled with the Escape key", async () => {
    await states["working"]?.();
    await page.keyboard.press("Escape");
    assert.ok(await page.locator("#progress").isHidden());
    assert.match(await page.locator("#status").innerText(), /cancelled/);
  });

  test("passages are numbered wherever they are drawn, so that colours aren’t needed", async () => {
    await states["result of a copy"]?.();
    const count = await page.locator("#passages li").count();
    for (const [where, each] of /** @type {const} */ ([
      [".links-picture .flag", 2],
      ["#passages .flag", 1],
      [".heat-box .flag", 1],
    ])) {
      const numbers = await page.locator(where).allInnerTexts();
      assert.deepEqual(
        numbers.sort(),
        Array.from({ length: count }, (_, index) => Array(each).fill(String(index + 1)))
          .flat()
          .sort(),
        where,
      );
    }
  });
});
