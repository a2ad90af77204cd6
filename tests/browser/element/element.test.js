/** `<sound-alike>` on the page about embedding, which has two of them. */

import assert from "node:assert/strict";
import { afterEach, before, beforeEach, describe, test } from "node:test";
import { composedPassage, composition, passage } from "../support/inputs/made-up-reports.js";
import { siteInChromium } from "../support/visit.js";

const CHECK_TIMEOUT_MS = 90_000;

describe("sound-alike element", () => {
  const shared = siteInChromium();
  const { audio } = shared;
  /** @type {import("playwright-core").Page} */
  let page;
  /** @type {string[]} */
  let requests;
  /** @type {string} */
  let unrelated;
  /** @type {string} */
  let text;

  before(async () => {
    unrelated = audio.tune("unrelated.wav", 7, 12);
    text = audio.file("text.mp3", "no song");
  });

  beforeEach(async () => {
    page = await shared.browser.newPage();
    requests = [];
    page.on("request", (request) => requests.push(request.url()));
    // Otherwise the number of workers would depend on the device.
    await page.addInitScript(() => Object.defineProperty(navigator, "hardwareConcurrency", { value: 1 }));
    await page.goto(`${shared.url}embed.html`);
    await page.evaluate(() => {
      const events = /** @type {{ id: string, type: string, detail: any }[]} */ ([]);
      for (const type of ["soundalike-progress", "soundalike-report", "soundalike-error"]) {
        document.addEventListener(type, (event) => {
          const { id } = /** @type {HTMLElement} */ (event.target);
          const { detail } = /** @type {CustomEvent} */ (event);
          events.push({ id, type, detail: { ...detail, code: detail.code, matrix: undefined } });
        });
      }
      Object.assign(globalThis, { events });
    });
  });

  afterEach(() => page.close());

  /** @param {string} type */
  const events = (type) =>
    /** @type {Promise<any[]>} */ (
      page.evaluate(
        (wanted) => /** @type {any} */ (globalThis).events.filter((/** @type {any} */ event) => event.type === wanted),
        type,
      )
    );

  /** The button that begins a check again. */
  const compare = () => page.locator("#fixed").getByRole("button", { name: "Compare", exact: true });

  test("nothing heavy is loaded before the visitor acts", async () => {
    await page.waitForTimeout(500);
    assert.deepEqual(
      requests.filter((url) => /\.(wasm|safetensors|mp3)$/.test(url)),
      [],
    );
    assert.equal(page.workers().length, 0);
  });

  for (const width of [1280, 390]) {
    test(`nothing on the page jumps when the element's script comes, on a screen of ${width} px`, async () => {
      /** @type {() => void} */
      let letThrough = () => {};
      const held = new Promise((resolve) => (letThrough = () => resolve(undefined)));
      const another = await (
        await shared.browser.newContext({ serviceWorkers: "block", viewport: { width, height: 900 } })
      ).newPage();
      await another.route("**/pkg/element.js", async (route) => {
        await held;
        await route.continue();
      });
      await another.goto(`${shared.url}embed.html`, { waitUntil: "commit" });
      await another.locator(".bottom").waitFor({ state: "attached" });
      await another.waitForFunction(() => getComputedStyle(document.body).margin === "0px");
      const places = () =>
        another
          .locator(".card, .bottom")
          .evaluateAll((all) => all.map((one) => Math.round(one.getBoundingClientRect().y)));
      const before = await places();
      letThrough();
      await another.waitForFunction(() => customElements.get("sound-alike"));
      assert.deepEqual(await places(), before);
      await another.context().close();
    });
  }

  test("a visitor's song is compared with the site's reference", async () => {
    await page.locator("#fixed input").first().setInputFiles(unrelated);
    await page.locator("#fixed[data-verdict]").waitFor({ timeout: CHECK_TIMEOUT_MS });
    const [report] = await events("soundalike-report");
    assert.equal(report.id, "fixed");
    assert.equal(report.detail.verdict, "different");
    assert.equal(report.detail.left.name, "unrelated.wav");
    assert.equal(report.detail.right.name, "harbour-lights.mp3");
    assert.ok((await events("soundalike-progress")).length > 3);
    assert.equal(await page.locator("#last-verdict").innerText(), "different");
    assert.match(await page.locator("#fixed [part=verdict]").innerText(), /different songs/i);
    assert.equal(await page.locator("#fixed").getAttribute("data-score"), String(report.detail.score));
    // Without a catalogue there is nobody else to ask.
    const others = requests.filter(
      (url) => !url.replace("blob:", "").startsWith(shared.url) || url.includes("/catalogue/"),
    );
    assert.deepEqual(others, []);
  });

  test("two elements share one worker", async () => {
    await page.locator("#any input").nth(0).setInputFiles(unrelated);
    await page.locator("#any input").nth(1).setInputFiles(unrelated);
    await page.locator("#fixed input").first().setInputFiles(unrelated);
    await page.locator("#any[data-verdict]").waitFor({ timeout: CHECK_TIMEOUT_MS });
    await page.locator("#fixed[data-verdict]").waitFor({ timeout: CHECK_TIMEOUT_MS });
    assert.equal(await page.locator("#any").getAttribute("data-verdict"), "nearly-identical");
    assert.equal(page.workers().length, 1);
    assert.equal(requests.filter((url) => url.endsWith(".safetensors")).length, 1);
  });

  test("a bad file is an error event, and the element stays usable", async () => {
    await page.locator("#fixed input").first().setInputFiles(text);
    await page.locator("#fixed [part=error]").waitFor({ timeout: CHECK_TIMEOUT_MS });
    assert.equal((await events("soundalike-error"))[0].detail.code, "decode-failed");
    await page.locator("#fixed input").first().setInputFiles(unrelated);
    await page.locator("#fixed[data-verdict]").waitFor({ timeout: CHECK_TIMEOUT_MS });
    assert.ok(await page.locator("#fixed [part=error]").isHidden());
  });

  test("an element removed during its work cleans up and can come back", async () => {
    await page.locator("#fixed input").first().setInputFiles(unrelated);
    await page.waitForFunction(() => /** @type {any} */ (globalThis).events.length > 0);
    await page.evaluate(() => {
      const element = /** @type {HTMLElement} */ (document.querySelector("#fixed"));
      Object.assign(globalThis, { removed: element, parent: element.parentElement });
      element.remove();
    });
    await page.waitForTimeout(500);
    assert.equal(page.workers().length, 0);
    assert.deepEqual(await events("soundalike-report"), []);
    await page.evaluate("parent.append(removed)");
    await compare().click();
    await page.locator("#fixed[data-verdict]").waitFor({ timeout: CHECK_TIMEOUT_MS });
  });

  /** @param {string} way of moving the element, as an expression */
  const move = (way) =>
    page.evaluate((source) => {
      const element = /** @type {HTMLElement} */ (document.querySelector("#fixed"));
      const place = /** @type {HTMLElement} */ (document.querySelector("#any")?.parentElement);
      Function("element", "place", source)(element, place);
    }, way);

  for (const [what, way] of /** @type {const} */ ([
    ["appended elsewhere", "place.append(element)"],
    ["taken out and put in", "element.remove(); place.prepend(element)"],
    ["moved with its state", "place.moveBefore ? place.moveBefore(element, null) : place.append(element)"],
    ["put back some time later", "element.remove(); setTimeout(() => place.append(element), 300)"],
  ])) {
    test(`an element that is ${what} keeps its report, and neither loads nor reports again`, async () => {
      await page.locator("#fixed input").first().setInputFiles(unrelated);
      await page.locator("#fixed[data-verdict]").waitFor({ timeout: CHECK_TIMEOUT_MS });
      const loaded = requests.length;
      await move(way);
      await page.waitForTimeout(600);
      assert.match(await page.locator("#fixed [part=report]").innerText(), /unrelated\.wav ↔ harbour-lights\.mp3/);
      assert.ok(await page.evaluate(() => /** @type {any} */ (document.querySelector("#fixed")).report));
      assert.equal((await events("soundalike-report")).length, 1);
      assert.deepEqual(requests.slice(loaded), []);
      // A change of its reference counts even while the element is not in the document.
      await page.evaluate(() => {
        const element = /** @type {any} */ (document.querySelector("#fixed"));
        const { parentElement: parent } = element;
        element.remove();
        element.reference = "example/midnight-ferry.mp3";
        parent.append(element);
      });
      await page.locator("#fixed [part=report]").getByText("midnight-ferry.mp3").waitFor({ timeout: CHECK_TIMEOUT_MS });
    });
  }

  test("properties that are undefined or null, or an empty address, count as absent", async () => {
    const states = await page.evaluate(() =>
      [undefined, null, ""].map((absent) => {
        const element = /** @type {import("../../../pkg/element.js").SoundalikeElement} */ (
          document.createElement("sound-alike")
        );
        document.body.append(element);
        Object.assign(element, { reference: "/song.mp3", assets: "/pkg/", backend: "cpu" });
        Object.assign(element, { reference: absent, ...(absent !== "" && { assets: absent, backend: absent }) });
        element.setSong("left", absent || undefined);
        const right = element.shadowRoot?.querySelector('[data-side="right"]');
        const state = [/** @type {HTMLElement} */ (right).hidden, element.backend, right?.textContent?.trim()];
        const { attributes } = element;
        element.remove();
        return [...state, absent === "" ? [] : [...attributes].map(({ name }) => name)];
      }),
    );
    const blank = [false, "auto", "Drop the other song here, or choose it", []];
    assert.deepEqual(states, [blank, blank, blank.with(1, "cpu")]);
  });

  test("properties that were set before its class was defined count", async () => {
    await page.route("**/early.html", (route) =>
      route.fulfill({
        contentType: "text/html",
        body: `<!doctype html><sound-alike></sound-alike><script>
          document.querySelector("sound-alike").reference = "/example/harbour-lights.mp3";
        </script><script type="module" src="/pkg/element.js"></script>`,
      }),
    );
    await page.goto(`${shared.url}early.html`);
    await page.locator("sound-alike").getByText("to compare it with harbour-lights.mp3").waitFor();
    assert.equal(await page.locator("sound-alike").getAttribute("reference"), "/example/harbour-lights.mp3");
  });

  for (const [what, forbidden] of /** @type {const} */ ([
    ["works", false],
    ["says that the sandbox forbids it, where it does,", true],
  ])) {
    test(
      `in a sandboxed frame without an origin it ${what} if the package's host allows it`,
      { skip: Boolean(process.env["SOUNDALIKE_URL"]) },
      async () => {
        const host = shared.url.replace("localhost", "127.0.0.1");
        await page.context().grantPermissions(["local-network-access"]);
        if (forbidden) await page.route("**/pkg/worker.js", (route) => route.abort());
        for (const [name, body] of [
          ["outer", `<iframe sandbox="allow-scripts" src="${host}inner.html"></iframe>`],
          ["inner", `<script type="module" src="${host}pkg/element.js"></script><sound-alike></sound-alike>`],
        ])
          await page.route(`**/${name}.html`, (route) =>
            route.fulfill({ contentType: "text/html", body: `<!doctype html><title>${name}</title>${body}` }),
          );
        await page.goto(`${shared.url}outer.html`);
        const frame = page.frameLocator("iframe");
        const inputs = frame.locator("sound-alike input");
        for (const input of [inputs.nth(0), inputs.nth(1)]) await input.setInputFiles(unrelated);
        const end = forbidden
          ? frame.locator("[part=error]").getByText("sandbox of this frame forbids")
          : frame.locator('sound-alike[data-verdict="nearly-identical"]');
        await end.waitFor({ timeout: CHECK_TIMEOUT_MS });
      },
    );
  }

  test("an element that is moved during its work goes on with it", async () => {
    await page.locator("#fixed input").first().setInputFiles(unrelated);
    await page.waitForFunction(() => /** @type {any} */ (globalThis).events.length > 0);
    const [worker] = page.workers();
    await move("place.append(element)");
    await page.locator("#fixed[data-verdict]").waitFor({ timeout: CHECK_TIMEOUT_MS });
    assert.equal((await events("soundalike-report")).length, 1);
    assert.ok(worker && page.workers()[0] === worker, "the work was begun anew");
  });

  test("a cancelled check can be begun again, and the focus moves on", async () => {
    const focused = () =>
      page.evaluate(() => {
        const inside = /** @type {Element} */ (document.querySelector("#fixed")).shadowRoot?.activeElement;
        return inside?.getAttribute("part") === "button" ? inside.textContent : inside?.getAttribute("part");
      });
    await page.locator("#fixed input").first().setInputFiles(unrelated);
    await page.locator("#fixed").getByRole("button", { name: "Cancel" }).press("Enter");
    assert.equal(await focused(), "Compare");
    assert.ok(await page.locator("#fixed progress").isHidden());
    await page.keyboard.press("Enter");
    assert.equal(await focused(), "Cancel");
    await page.locator("#fixed[data-verdict]").waitFor({ timeout: CHECK_TIMEOUT_MS });
    assert.equal(await focused(), "report");
    assert.equal(await page.locator("#fixed [part=button]:visible").count(), 0);
  });

  test("a passage that plays under other music is named so", async () => {
    await page.evaluate(
      async ([url, passages]) => {
        const { Checker } = await import(url);
        const { compare } = Checker.prototype;
        Checker.prototype.compare = async function (/** @type {any[]} */ ...given) {
          return { ...(await compare.apply(this, given)), passages };
        };
      },
      /** @type {const} */ ([`${shared.url}pkg/index.js`, [passage(), passage({ share: 0.5 })]]),
    );
    await page.locator("#fixed input").first().setInputFiles(unrelated);
    await page.locator("#fixed[data-verdict]").waitFor({ timeout: CHECK_TIMEOUT_MS });
    assert.deepEqual(await page.locator("#fixed [part=passages] li").allInnerTexts(), [
      "0:01 – 0:05 ↔ 0:06 – 0:10",
      "0:01 – 0:05 ↔ 0:06 – 0:10, under other music in harbour-lights.mp3",
    ]);
  });

  test("of the recording and the composition the stronger answer is shown, and named", async () => {
    const answer = composition("same-composition", 0.93, [composedPassage()]);
    await page.evaluate(
      async ([url, composition]) => {
        const { Checker } = await import(url);
        const { compare } = Checker.prototype;
        Checker.prototype.compare = async function (/** @type {any[]} */ ...given) {
          return { ...(await compare.apply(this, given)), composition };
        };
      },
      /** @type {const} */ ([`${shared.url}pkg/index.js`, answer]),
    );
    await page.locator("#fixed input").first().setInputFiles(unrelated);
    await page.locator("#fixed[data-verdict=different]").waitFor({ timeout: CHECK_TIMEOUT_MS });
    assert.match(
      await page.locator("#fixed [part=report]").innerText(),
      /^0\.93\s*Same composition\s+by melody and chords; by the recording 0\.\d\d\s[^]*same melody and chords$/i,
    );
  });

  test("an engine that could not be loaded can be tried again", async () => {
    await page.route("**/*.wasm", (route) => route.abort());
    await page.locator("#fixed input").first().setInputFiles(unrelated);
    await page.locator("#fixed [part=error]").waitFor({ timeout: CHECK_TIMEOUT_MS });
    await page.unroute("**/*.wasm");
    await compare().click();
    await page.locator("#fixed[data-verdict]").waitFor({ timeout: CHECK_TIMEOUT_MS });
  });

  for (const reference of ["http://[", "/nowhere.mp3"]) {
    test(`a reference that can't be had (${reference}) is an error event, and another one works`, async () => {
      const uncaught = /** @type {Error[]} */ ([]);
      page.on("pageerror", (error) => uncaught.push(error));
      await page.evaluate(
        (url) => void Object.assign(document.querySelector("#fixed") ?? {}, { reference: url }),
        reference,
      );
      await page.locator("#fixed input").first().setInputFiles(unrelated);
      await page.locator("#fixed [part=error]").getByText("could not be loaded").waitFor({ timeout: CHECK_TIMEOUT_MS });
      const [error] = await events("soundalike-error");
      assert.deepEqual([error.detail.code, error.detail.side], ["decode-failed", "right"]);
      await page.evaluate(
        () => void Object.assign(document.querySelector("#fixed") ?? {}, { reference: "example/harbour-lights.mp3" }),
      );
      await page.locator("#fixed[data-verdict]").waitFor({ timeout: CHECK_TIMEOUT_MS });
      assert.deepEqual(uncaught, []);
    });
  }

  test("another backend or folder of assets in the middle of a check begins it again", async () => {
    await page.locator("#fixed input").first().setInputFiles(unrelated);
    await page.waitForFunction(() => /** @type {any} */ (globalThis).events.length > 0);
    await page.evaluate(() =>
      Object.assign(/** @type {any} */ (document.querySelector("#fixed")), { backend: "cpu", assets: "pkg/" }),
    );
    await page.locator("#fixed[data-verdict]").waitFor({ timeout: CHECK_TIMEOUT_MS });
    assert.deepEqual(await events("soundalike-error"), []);
    assert.equal((await events("soundalike-report")).length, 1);
    assert.equal(page.workers().length, 1);
  });
});
