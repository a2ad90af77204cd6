/** The result page for reports of every kind: what it says, draws and plays. The songs are real, the reports are made up. */

import assert from "node:assert/strict";
import { afterEach, before, beforeEach, describe, test } from "node:test";
import { siteInChromium } from "../support/visit.js";

const CHECK_TIMEOUT_MS = 90_000;
const PHONE = { width: 360, height: 740 };

/** The page's own checker, whose reports the test changes before the page has them. */
const CHECKER = `
  import { SongCache, createChecker } from "../pkg/index.js";
  export const cache = new SongCache();
  const real = createChecker({ backend: "cpu", cache });
  export const backendChoice = () => "cpu";
  export const checker = async () => ({
    backend: "cpu",
    analyse: async (...given) => (await real).analyse(...given),
    compare: async (...given) => {
      const report = await (await real).compare(...given);
      return globalThis.changed?.(report) ?? report;
    },
  });
`;

describe("result", () => {
  const shared = siteInChromium();
  const { audio } = shared;
  /** One for all tests: what a song came to is then kept from the first. @type {import("playwright-core").BrowserContext} */
  let context;
  /** @type {import("playwright-core").Page} */
  let page;
  const songs = /** @type {Record<string, string>} */ ({});

  before(async () => {
    songs.mine = audio.tune("mine.wav", 1, 12);
    songs.other = audio.tune("other.wav", 7, 12);
    songs.long = audio.tune(`${"a name without end ".repeat(6)}${"withoutaspace".repeat(9)}.wav`, 2, 5);
    songs.endlessText = audio.file(`${"withoutaspace".repeat(18)}.mp3`, "no song ".repeat(500));
    songs.hebrew = audio.tune("שיר שלי.wav", 3, 5);
    context = await shared.browser.newContext({ serviceWorkers: "block" });
    context.setDefaultTimeout(CHECK_TIMEOUT_MS);
  });

  beforeEach(async () => {
    page = await context.newPage();
    await page.route("**/checker.js", (route) => route.fulfill({ contentType: "text/javascript", body: CHECKER }));
    await page.emulateMedia({ reducedMotion: "reduce" });
  });

  afterEach(() => page.close());

  /** A passage, where nothing else is said at the same pitch and speed. @param {Record<string, number>} [fields] */
  const passage = (fields = {}) => ({
    leftStartSecs: 1,
    leftEndSecs: 5,
    rightStartSecs: 6,
    rightEndSecs: 10,
    score: 0.9,
    speedRatio: 1,
    pitchShiftSemitones: 0,
    ...fields,
  });

  /** Opens the page, gives it two songs and shows their report with these fields changed. @param {Record<string, any>} fields @param {string} [left] @param {string} [right] */
  async function show(fields, left = songs.mine, right = songs.other) {
    await page.addInitScript((given) => {
      Object.assign(globalThis, {
        changed: (/** @type {any} */ report) => ({
          ...report,
          ...given,
          left: { ...report.left, ...given.left },
          right: { ...report.right, ...given.right },
        }),
      });
    }, fields);
    await page.goto(shared.url);
    await page
      .locator("input[type=file]")
      .nth(0)
      .setInputFiles(/** @type {string} */ (left));
    await page
      .locator("input[type=file]")
      .nth(1)
      .setInputFiles(/** @type {string} */ (right));
    await page.locator("[data-verdict]").waitFor({ timeout: CHECK_TIMEOUT_MS });
  }

  const strong = { score: 0.85, verdict: "strong" };
  const moderate = { score: 0.6, verdict: "moderate" };

  for (const [what, fields, words] of /** @type {[string, Record<string, any>, RegExp][]} */ ([
    [
      "lower and faster",
      { ...strong, passages: [passage({ speedRatio: 1.08, pitchShiftSemitones: -2 })], left: { coverage: 0.62 } },
      /\. 62 % of mine\.wav also plays in other\.wav, 2 semitones lower and 8 % faster\. One passage matches\.$/,
    ],
    ["only slower", { ...strong, passages: [passage({ speedRatio: 0.9 })] }, /, 10 % slower at the same pitch\./],
    [
      "only higher",
      { ...strong, passages: [passage({ pitchShiftSemitones: 1 })] },
      /, 1 semitone higher at the same speed\./,
    ],
    ["neither", { ...strong, passages: [passage()] }, /, at the same pitch and speed\./],
    [
      "in two ways",
      { ...strong, passages: [passage(), passage({ pitchShiftSemitones: 3 })] },
      /, changed in more than one way\. Two passages match\./,
    ],
    [
      "a little of a long song",
      { ...strong, passages: [passage()], left: { coverage: 0.001 } },
      /\. Less than 1 % of mine\.wav also plays/,
    ],
    [
      "nearly all of a song",
      { ...strong, passages: [passage()], left: { coverage: 0.998 } },
      /\. 99 % of mine\.wav also plays/,
    ],
    ["all of a song", { ...strong, passages: [passage()], left: { coverage: 1 } }, /\. 100 % of mine\.wav also plays/],
    [
      "something without a passage",
      { ...moderate, passages: [] },
      /share something.*too short or too scattered to be marked\.$/,
    ],
    [
      "a song that is half silence",
      { score: 0.1, verdict: "different", passages: [], right: { leftOutShare: 0.5 } },
      /No passage of one plays in the other\. 50 % of other\.wav is silence, noise or a lone tone, and was left out\.$/,
    ],
  ])) {
    test(`the verdict's sentence: ${what}`, async () => {
      await page.goto(`${shared.url}embed.html`);
      const report = {
        ...fields,
        left: { name: "mine.wav", coverage: 0.5, leftOutShare: 0, ...fields["left"] },
        right: { name: "other.wav", coverage: 0.5, leftOutShare: 0, ...fields["right"] },
      };
      const sentence = await page.evaluate(
        async ([url, given]) => {
          const { verdictWords } = await import(url);
          return verdictWords(given)
            .map((/** @type {any} */ piece) => piece.text ?? piece)
            .join("");
        },
        /** @type {const} */ ([`${shared.url}report/verdict.js`, report]),
      );
      assert.match(sentence, words);
    });
  }

  test("the pictures lie where the report says: waveforms, blocks, ribbons, axes, heat map, diagonals", async () => {
    await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
    const side = 20;
    const scores = Array.from({ length: side * side }, (_, index) =>
      Math.floor(index / side) === index % side ? 1 : 0,
    );
    await show({ ...strong, passages: [passage()], matrix: { rows: side, cols: side, hopSecs: 0.5, scores } });
    const path = async (/** @type {string} */ wave) => (await page.locator(wave).getAttribute("d")) ?? "";
    for (const wave of [".wave-left", ".wave-right"])
      assert.ok((await path(wave)).split("L").length > 1000, `${wave} is hardly drawn`);
    assert.notEqual(
      (await path(".wave-left")).length,
      (await path(".wave-right")).length,
      "both songs have one waveform",
    );

    const box = (/** @type {string} */ selector) =>
      page.locator(selector).evaluateAll((all) => all.map((one) => one.getBoundingClientRect().toJSON()));
    const [picture] = await box(".links-picture svg");
    const at = (/** @type {number} */ secs) => picture.x + (picture.width * secs) / 12;
    for (const [block, [from, to]] of (await box(".block")).map(
      (block, index) => /** @type {const} */ ([block, index === 0 ? [1, 5] : [6, 10]]),
    )) {
      assert.ok(
        Math.abs(block.x - at(from)) < 2 && Math.abs(block.x + block.width - at(to)) < 2,
        "a block lies elsewhere",
      );
    }
    const [ribbon] = await box(".ribbon");
    assert.ok(
      Math.abs(ribbon.x - at(1)) < 2 && Math.abs(ribbon.x + ribbon.width - at(10)) < 2,
      "the ribbon ties other places",
    );
    for (const [row, step] of /** @type {const} */ ([
      [".links-body .ticks", 2],
      [".heat-xticks", 5],
      [".heat-yticks", 5],
    ])) {
      const ticks = await page.locator(row).first().locator("span").allInnerTexts();
      assert.deepEqual(ticks.slice(0, 2), ["0:00", `0:0${step}`], row);
    }

    const [heat] = await box(".heat-box");
    const [diagonal] = await box(".diagonal");
    const places = [diagonal.x - heat.x, diagonal.x + diagonal.width - heat.x].map((x) => (x / heat.width) * 12);
    const heights = [diagonal.y + diagonal.height, diagonal.y].map(
      (y) => ((heat.y + heat.height - y) / heat.height) * 12,
    );
    assert.deepEqual([...places, ...heights].map(Math.round), [1, 5, 6, 10]);
    await page.waitForFunction(
      () => /** @type {HTMLCanvasElement} */ (document.querySelector(".heat-box canvas")).width === 24,
    );
    /** The colour of a moment of the left song against one of the right song. @param {number} leftSecs @param {number} rightSecs */
    const colour = (leftSecs, rightSecs) =>
      page.evaluate(
        ([x, y]) => {
          const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector(".heat-box canvas"));
          const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
          return [
            ...context
              .getImageData(Math.floor(2 * Number(x)), canvas.height - 1 - Math.floor(2 * Number(y)), 1, 1)
              .data.slice(0, 3),
          ];
        },
        [leftSecs, rightSecs],
      );
    await page.waitForTimeout(200);
    assert.deepEqual(await colour(6, 6), [42, 20, 70], "1 is the darkest");
    assert.deepEqual(await colour(6, 3), [244, 242, 237], "0 is the lightest");
    await page
      .locator(".heat-box")
      .hover({ position: { x: (heat.width * 6.1) / 12, y: heat.height * (1 - 6.1 / 12) } });
    assert.match(await page.locator(".heat-readout").innerText(), /^0:06\.[012] ↔ 0:06\.[012]: 1\.00/);
  });

  test("without a passage the pictures say so, and there is no list, nor a table to save", async () => {
    await show({ ...moderate, passages: [] });
    assert.match(await page.locator(".links-picture").innerText(), /No passage is long enough to be marked/);
    for (const hidden of ["#passages-card", "#save-csv"]) assert.ok(await page.locator(hidden).isHidden(), hidden);
  });

  /** Nothing lies beside the screen, and what has words is not cut by what it lies in. */
  async function assertFits() {
    const { wide, screen, cut } = await page.evaluate(() => ({
      wide: document.documentElement.scrollWidth,
      screen: document.documentElement.clientWidth,
      cut: [...document.querySelectorAll("main button, main h2, main h3, main p, main li, .zone, .card")]
        .filter((element) => /** @type {HTMLElement} */ (element).offsetParent !== null)
        .filter((element) => element.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
        .map((element) => `${element.tagName} ${element.className}`),
    }));
    assert.ok(wide <= screen, `${wide} px on a screen of ${screen}`);
    assert.deepEqual(cut, []);
  }

  for (const [what, viewport] of /** @type {const} */ ([
    ["a phone", PHONE],
    ["a desk with the text twice as large", { width: 640, height: 400 }],
  ])) {
    test(`forty passages and names without end fit on ${what}`, async () => {
      await page.setViewportSize(viewport);
      const passages = Array.from({ length: 40 }, (_, index) =>
        passage({
          leftStartSecs: index / 9,
          leftEndSecs: index / 9 + 0.3,
          rightStartSecs: 4 - index / 11,
          rightEndSecs: 4.3 - index / 11,
          score: 1 - index / 60,
        }),
      );
      await show({ ...strong, passages }, songs.long, songs.hebrew);
      assert.equal(await page.locator("#passages li").count(), 40);
      assert.match(await page.locator("#verdict-words").innerText(), /40 passages match/);
      const list = await page
        .locator("#passages")
        .evaluate((one) => ({ height: one.clientHeight, content: one.scrollHeight }));
      assert.ok(
        list.height < viewport.height && list.content > 1000,
        `a list of ${list.height} px pushes all else away`,
      );
      await page.emulateMedia({ media: "print" });
      assert.ok(
        (await page.locator("#passages").evaluate((one) => one.clientHeight)) > 1000,
        "on paper the list is cut",
      );
      await page.emulateMedia({ media: "screen" });
      await assertFits();
      for (const flag of await page
        .locator(".links-picture .flag, .heat-box .flag")
        .evaluateAll((all) =>
          all.map((one) => [one.getBoundingClientRect(), one.parentElement?.getBoundingClientRect()]),
        )) {
        const [own, picture] = /** @type {DOMRect[]} */ (flag);
        assert.ok(own.left >= picture.left - 2 && own.right <= picture.right + 2, "a number lies beside its picture");
      }
    });
  }

  test("however long the names, the heat map's axes are as long as its picture, on screens and on paper", async () => {
    const name = "Some Artist - Some Song Title (Live at Somewhere) ".repeat(4);
    await show({ ...strong, passages: [passage()], left: { name }, right: { name } });
    for (const media of /** @type {const} */ (["screen", "print"])) {
      await page.emulateMedia({ media });
      for (const width of [390, 768, 1280, 1920]) {
        await page.setViewportSize({ width, height: 900 });
        const [picture, yTicks, xTicks, yName] = await page
          .locator(".heat-box, .heat-yticks, .heat-xticks, .heat-y")
          .evaluateAll((all) =>
            ["heat-box", "heat-yticks", "heat-xticks", "heat-y"].map((part) =>
              all
                .find((one) => one.classList.contains(part))
                ?.getBoundingClientRect()
                .toJSON(),
            ),
          );
        const where = `${media}, ${width} px`;
        assert.ok(
          Math.abs(yTicks.height - picture.height) < 1,
          `${where}: an axis of ${yTicks.height} px beside a picture of ${picture.height} px`,
        );
        assert.ok(Math.abs(xTicks.width - picture.width) < 1, where);
        assert.ok(
          yName.width > 10 && Math.abs(yName.height - picture.height) < 1,
          `${where}: the right song's name is lost`,
        );
      }
    }
  });

  test("a name without end fits while its song is checked, and in an error", async () => {
    await page.setViewportSize(PHONE);
    await page.route("**/*.wasm", () => {});
    await page.goto(shared.url);
    const inputs = page.locator("input[type=file]");
    await inputs.nth(0).setInputFiles(/** @type {string} */ (songs.long));
    await inputs.nth(1).setInputFiles(/** @type {string} */ (songs.long));
    await page.locator("#progress").waitFor();
    await assertFits();
    await page.evaluate((name) => {
      const words = /** @type {HTMLElement} */ (document.querySelector("#progress-stage"));
      words.textContent = `Listening to ${name}`;
    }, String(songs.long));
    await assertFits();
    await page.unroute("**/*.wasm");
    await page.route("**/checker.js", (route) => route.fulfill({ contentType: "text/javascript", body: CHECKER }));
    await page.goto(shared.url);
    await inputs.nth(0).setInputFiles(/** @type {string} */ (songs.endlessText));
    await inputs.nth(1).setInputFiles(/** @type {string} */ (songs.mine));
    await page.locator("#error").waitFor({ timeout: CHECK_TIMEOUT_MS });
    await assertFits();
  });

  test("a short song beside an hour: every passage can be seen and pointed at", async () => {
    await show({
      ...strong,
      passages: [passage({ rightStartSecs: 3594, rightEndSecs: 3598 })],
      right: { durationSecs: 3600 },
    });
    const [left, right] = await page
      .locator(".block")
      .evaluateAll((all) => all.map((one) => one.getBoundingClientRect().toJSON()));
    assert.ok(left.width > 100);
    assert.ok(right.width >= 4, `${right.width} px wide`);
    const picture = await page.locator(".links-picture svg").evaluate((one) => one.getBoundingClientRect().toJSON());
    assert.ok(right.x + right.width <= picture.x + picture.width + 0.5, "the block lies beside the picture");
    await page.locator(".block").nth(1).hover();
    assert.match((await page.locator("#passages li").getAttribute("class")) ?? "", /active/);
  });

  test("a passage that plays stays lit everywhere when the pointer and the keyboard go elsewhere, until it stops", async () => {
    // A slow machine needs longer for what follows than the passage lasts.
    await page.addInitScript(() => {
      const Whole = Audio;
      globalThis.Audio = /** @type {any} */ (
        class extends Whole {
          constructor() {
            super();
            this.defaultPlaybackRate = 0.1;
          }
        }
      );
    });
    await show({
      ...strong,
      passages: [passage(), passage({ leftStartSecs: 5.5, leftEndSecs: 11.5, rightStartSecs: 0, rightEndSecs: 6 })],
    });
    const lit = () =>
      page
        .locator("#result .active")
        .evaluateAll((all) => [...new Set(all.map((one) => /** @type {HTMLElement} */ (one).dataset["passage"]))]);
    await page.locator('.ribbon[data-passage="1"]').click();
    await page.waitForFunction(() => document.querySelectorAll(".playhead.on").length === 2);
    await page.mouse.move(1, 1);
    assert.deepEqual(await lit(), ["1"]);
    for (const part of [".block", ".ribbon", ".diagonal", "#passages li", ".heat-box .flag"])
      assert.ok((await page.locator(`${part}[data-passage="1"].active`).count()) > 0, part);
    await page.locator("#save-json").focus();
    assert.deepEqual(await lit(), ["1"]);
    // Another one that is looked at has the light while it is looked at.
    await page.locator("#passages button").nth(0).focus();
    assert.deepEqual(await lit(), ["0"]);
    await page.locator("#save-json").focus();
    await page.keyboard.press("Escape");
    assert.equal(await page.locator(".playhead.on").count(), 0);
    assert.deepEqual(await lit(), []);
  });

  test("in turn, one song plays after the other", async () => {
    await show({ ...strong, passages: [passage({ leftEndSecs: 2.5, rightEndSecs: 7.5 })] });
    await page.locator("#play-in-turn").check({ force: true });
    assert.match(await page.locator("#play-hint").innerText(), /^In turn/);
    await page.evaluate(() => {
      const seen = /** @type {string[]} */ ([]);
      Object.assign(globalThis, { seen });
      const look = () => {
        const now = [...document.querySelectorAll(".playhead")]
          .map((head) => (head.classList.contains("on") ? "on" : "off"))
          .join(" ");
        if (seen.at(-1) !== now) seen.push(now);
        requestAnimationFrame(look);
      };
      look();
    });
    await page.locator("#passages button").click();
    await page.waitForFunction(
      () => /** @type {any} */ (globalThis).seen.length >= 4 && document.querySelectorAll(".playhead.on").length === 0,
      undefined,
      { timeout: 30_000 },
    );
    assert.deepEqual(
      /** @type {string[]} */ (await page.evaluate("seen")).filter((state) => state !== "off off"),
      ["on off", "off on"],
    );
  });

  test("songs that can’t be played any more are told to be that, and the button is ready again", async () => {
    await page.addInitScript(() => {
      URL.createObjectURL = () => `blob:${location.origin}/gone`;
    });
    await show({ ...strong, passages: [passage()] });
    const button = page.locator("#passages button");
    await button.click();
    await page.locator("#play-hint").getByText("This passage can’t be played").waitFor();
    assert.equal(await button.innerText(), "Both");
    assert.equal(await page.locator(".playhead.on").count(), 0);
  });
});
