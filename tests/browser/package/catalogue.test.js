/**
 * Searches in a catalogue: what is sent, after which consent, and what becomes of any answer. The
 * service is a stand-in; `SOUNDALIKE_CATALOGUE` may name the program, which is then asked, too.
 */

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { after, before, beforeEach, describe, test } from "node:test";
import { SONG_SECS, packageInBlankPage } from "../support/blank-page.js";
import { ANSWER, IDS, QUERY, serveCatalogue } from "../support/catalogue-service.js";
import { LOCAL_REQUESTS } from "../support/harness.js";
import { tune, wav } from "../support/inputs/music.js";

/** @typedef {Awaited<ReturnType<typeof serveCatalogue>>} Service */

const PROGRAM = process.env["SOUNDALIKE_CATALOGUE"];

describe("catalogue", () => {
  const blank = packageInBlankPage(LOCAL_REQUESTS);
  const { run } = blank;
  /** @type {Service} */
  let service;

  before(async () => (service = await serveCatalogue()));
  after(() => service.close());
  beforeEach(() => {
    service.received.length = 0;
    service.reply = {};
    service.songs = {};
  });

  /** A checker with the catalogue. @param {string} [more] options */
  const checker = (more = "") => `
    const catalogue = { url: "${service.url}", ${more} };
    const checker = await soundalike.createChecker({ backend: "cpu", catalogue });`;

  test("nothing is sent without consent, and consent is told what would be sent", async () => {
    const { codes, request } = await run(`
      ${checker()}
      const codes = [];
      let request;
      for (const agree of [undefined, () => false, () => "yes", async () => undefined,
        (asked) => { request = asked; return 1; }])
        codes.push((await outcome(() => checker.findInCatalogue(a, { agree }))).code);
      return { codes, request };`);
    assert.deepEqual(new Set(codes), new Set(["not-agreed"]));
    assert.equal(service.received.length, 0);
    const { host } = new URL(service.url);
    assert.equal(request.host, host);
    assert.match(request.sentence, new RegExp(`${request.pieces} three-second pieces of your song .* sent to ${host}`));
    assert.equal(request.bytes, 88 + 132 * request.pieces);
  });

  test("a search sends numbers alone, and compares the kept songs that come back", async () => {
    const kept = await run(`
      const checker = await soundalike.createChecker({ backend: "cpu" });
      const songs = [await checker.analyse(a), await checker.analyse(b)];
      return songs.map(({ analysis }) => Array.from(analysis));`);
    service.songs = { [IDS.source]: Buffer.from(kept[0]), [IDS.another]: Buffer.from(kept[1]) };
    const { answer, fractions } = await run(`
      ${checker("agree: () => true")}
      const fractions = [];
      const answer = await checker.findInCatalogue({ samples: a, sampleRateHz: 44100, name: "secret name" }, {
        onProgress: ({ fraction }) => fractions.push(fraction),
      });
      return { answer, fractions };`);
    assert.equal(answer.songs, 3);
    const [first, second, third] = answer.candidates;
    assert.deepEqual([first.id, first.name, first.report.score], [IDS.source, "the source.wav", 1]);
    assert.equal(first.report.left.name, "secret name");
    assert.equal(first.report.right.durationSecs, SONG_SECS);
    assert.ok(second.id === IDS.another && second.report.score < 0.5);
    // The service names it, but doesn't have it any more.
    assert.ok(third.id === IDS.removed && third.report === undefined);
    assert.equal(fractions.at(-1), 1);

    const [search, ...fetched] = service.received;
    assert.ok(search);
    assert.deepEqual([search.method, search.url], ["POST", "/v1/candidates"]);
    assert.deepEqual(
      fetched.map(({ method, url }) => `${method} ${url}`).sort(),
      Object.values(IDS)
        .map((id) => `GET /v1/songs/${id}`)
        .sort(),
    );
    for (const { headers, body } of service.received) {
      assert.equal(headers.cookie, undefined);
      assert.equal(headers.referer, undefined);
      assert.ok(!`${JSON.stringify(headers)}${body.toString("latin1")}`.includes("secret name"));
    }
    // The same layout as the query that the engine's tests read. The weights may have changed.
    const withoutWeights = (/** @type {Buffer} */ query) => [query.subarray(0, 8), query.subarray(72, 84)];
    assert.deepEqual(withoutWeights(search.body), withoutWeights(QUERY));
    assert.equal(search.body.length, 88 + 132 * search.body.readUInt32LE(84));
  });

  test("songs that the service keeps to itself are listed with their places", async () => {
    service.reply = { body: ANSWER.replace('"givesSongs": true', '"givesSongs": false') };
    const answer = await run(`
      ${checker()}
      return checker.findInCatalogue(a, { agree: async () => true });`);
    assert.deepEqual(answer.candidates, JSON.parse(ANSWER).candidates);
    assert.equal(service.received.length, 1);
  });

  test("an answer that makes no sense is refused, and a refusal has its code", async () => {
    const { candidates } = JSON.parse(ANSWER);
    const one = candidates[1];
    /** @param {object} change */
    const changed = (change) => JSON.stringify({ songs: 1, givesSongs: false, candidates: [{ ...one, ...change }] });
    const strange = [
      "",
      "null",
      "<!doctype html>",
      '{"songs": 1, "givesSongs": true}',
      '{"songs": -1, "givesSongs": true, "candidates": []}',
      '{"songs": 1, "givesSongs": 1, "candidates": []}',
      JSON.stringify({ songs: 1, givesSongs: true, candidates: Array(21).fill(one) }),
      changed({ id: "../../login" }),
      changed({ name: 7 }),
      changed({ score: 1.5 }),
      changed({ score: "1" }),
      changed({ offsetSecs: null }),
      changed({ places: [{ querySecs: -1, songSecs: 0, cosine: 1 }] }),
      changed({ places: Array(6).fill(one.places[0]) }),
      changed({ name: "x".repeat(300_000) }),
    ];
    /** @param {import("../support/catalogue-service.js").Reply} reply */
    const codeOf = (reply) => {
      service.reply = reply;
      return run(`const { code, message } = await outcome(() => checker.findInCatalogue(song, { agree: () => true }));
        return code + (/\\.$/.test(message) ? "" : " without a sentence");`);
    };
    await run(`${checker("timeoutSecs: 1")} Object.assign(globalThis, { checker, song: await checker.analyse(a) });`);
    for (const body of strange) assert.equal(await codeOf({ body }), "catalogue-failed", body.slice(0, 200));
    assert.equal(await codeOf({ body: changed({ id: "00" }) }), "undefined without a sentence", "one that makes sense");
    assert.equal(await codeOf({ status: 409 }), "catalogue-mismatch");
    assert.equal(await codeOf({ status: 429, headers: { "retry-after": "9" } }), "catalogue-busy");
    assert.equal(await codeOf({ status: 503 }), "catalogue-busy");
    assert.equal(await codeOf({ status: 500 }), "catalogue-failed");
    assert.equal(await codeOf({ status: 302, headers: { location: "/elsewhere" } }), "catalogue-failed");
    assert.equal(await codeOf({ delayMs: Infinity }), "catalogue-failed");
    assert.ok(!service.received.some(({ url }) => url === "/elsewhere"), "a redirection was followed");
  });

  test("a search can be cancelled, and goes to encrypted addresses alone", async () => {
    service.reply = { delayMs: Infinity };
    const { cancelled, addresses, none } = await run(`
      ${checker("timeoutSecs: 300")}
      const controller = new AbortController();
      const search = outcome(() => checker.findInCatalogue(a, { agree: () => true, signal: controller.signal }));
      const asked = new Promise((resolve) => setTimeout(resolve, 1000));
      await asked;
      controller.abort();
      const addresses = [];
      for (const url of ["http://example.org", "ftp://localhost", "javascript:1", "//", ""]) {
        const other = await soundalike.createChecker({ backend: "cpu", catalogue: { url } });
        addresses.push((await outcome(() => other.findInCatalogue(a, { agree: () => true }))).code);
      }
      const without = await soundalike.createChecker({ backend: "cpu" });
      return { cancelled: (await search).code, addresses,
        none: (await outcome(() => without.findInCatalogue(a, { agree: () => true }))).code };`);
    assert.equal(cancelled, "aborted");
    assert.deepEqual(addresses, Array(5).fill("catalogue-failed"));
    assert.equal(none, "catalogue-failed");
  });

  test("without a catalogue nothing of it is loaded", async () => {
    const loaded = await run(`
      const checker = await soundalike.createChecker({ backend: "cpu" });
      await checker.compare(a, b);
      return performance.getEntriesByType("resource").map(({ name }) => name);`);
    assert.ok(loaded.length > 5);
    assert.deepEqual(
      loaded.filter((/** @type {string} */ url) => url.includes("/catalogue/")),
      [],
    );
  });

  test("the program's service finds a song", { skip: !PROGRAM && "SOUNDALIKE_CATALOGUE is not set" }, async () => {
    const { audio, url } = blank.shared;
    const files = [1, 2, 3].map((seed) => audio.file(`${seed}.wav`, wav(tune(seed, 12))));
    const catalogue = audio.file("catalogue", "").replace(/catalogue$/, "a catalogue");
    execFileSync(String(PROGRAM), ["add", ...files, "--to", catalogue]);
    const { origin } = new URL(url);
    const bind = ["--bind", "127.0.0.1:0"];
    const program = spawn(String(PROGRAM), ["serve", "--in", catalogue, "--songs", "--allow-origin", origin, ...bind]);
    try {
      const line = String(await new Promise((resolve) => program.stdout.once("data", resolve)));
      const address = /http:\/\/[^;]+/.exec(line)?.[0];
      const mine = Array.from(tune(2, 12).subarray(3 * 44_100));
      const { candidates } = await run(`
        const checker = await soundalike.createChecker({ backend: "cpu", catalogue: { url: "${address}" } });
        const mine = Float32Array.from(${JSON.stringify(mine)});
        return checker.findInCatalogue(mine, { agree: () => true });`);
      assert.equal(candidates[0].name, "2.wav");
      assert.ok(candidates[0].report.score > 0.5);
      assert.ok(Math.abs(candidates[0].offsetSecs - 3) < 1);
    } finally {
      program.kill();
    }
  });
});
