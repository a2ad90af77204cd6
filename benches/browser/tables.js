/**
 * Tables: the results as Markdown. A ratio is the time of the other divided by the time of ours.
 */

/** @typedef {import("./page/rounds.js").Timing} Timing */
/** @typedef {Record<string, Timing>} Timings */

/** @param {{ secs: number, times: Timings }} result */
export function featuresTable({ secs, times }) {
  const rows = Object.entries(times).map(([name, time]) => [
    name,
    ms(time),
    ratio(time, times["soundalike"]),
    String(time.rounds),
  ]);
  return table([`log-mel features of ${secs} s of music`, "median", "ours is faster by", "rounds"], rows);
}

/** @param {{ segment: Timings, song: Timings, greatestDifference: number }} result */
export function encoderTable({ segment, song, greatestDifference }) {
  const text = table(
    ["the encoder on the CPU", "soundalike", "onnxruntime-web", "ours is faster by", "rounds"],
    [besideOrt("one segment of 3 s", segment), besideOrt("one pass over a song of 4 minutes", song)],
  );
  return `${text}\n\nThe embeddings differ by ${greatestDifference.toExponential(1)} at most.`;
}

/**
 * @param {{ adapter: string, songSecs: number, segment: Timings, song: Timings, greatestDifference:
 *   number } | undefined} result
 */
export function webgpuTable(result) {
  if (!result) return "There is no WebGPU here, not even in software.";
  const { adapter, songSecs, segment, song, greatestDifference } = result;
  const text = table(
    [`the encoder on WebGPU (${adapter})`, "soundalike", "onnxruntime-web", "ours is faster by", "rounds"],
    [besideOrt("one segment of 3 s", segment), besideOrt(`one pass over ${songSecs} s`, song)],
  );
  const difference = greatestDifference.toExponential(1);
  return `${text}\n\nonnxruntime-web's embeddings on WebGPU differ from ours on the CPU by ${difference} at most.`;
}

/** @param {{ score: number, stages: Timings, times: Timings }} result */
export function checkTables({ stages, times }) {
  const floor = times["decoding"];
  const of = (/** @type {string} */ name) => /** @type {Timing} */ (times[name]);
  const checks = ["soundalike", "meyda + onnxruntime-web", "essentia.js + onnxruntime-web"].map((name) => {
    const [whole, decoded] = [of(name), of(`${name}, decoded`)];
    return [
      name,
      secs(whole),
      ratio(whole, of("soundalike")),
      ratio(whole, floor),
      secs(decoded),
      ratio(decoded, of("soundalike, decoded")),
      String(whole.rounds),
    ];
  });
  checks.push([
    "the browser's decoding of both files alone",
    secs(floor),
    "",
    ratio(floor, floor),
    "",
    "",
    String(floor?.rounds),
  ]);
  const heads = [
    "two MP3s of 4 minutes to the report",
    "median",
    "ours is faster by",
    "of the decoding",
    "from decoded samples",
    "ours is faster by",
    "rounds",
  ];
  const sum = Object.values(stages).reduce((total, { medianMs }) => total + medianMs, 0);
  const parts = Object.entries(stages).map(([stage, time]) => [
    stage,
    ms(time),
    `${((100 * time.medianMs) / sum).toFixed(0)} %`,
  ]);
  parts.push(
    ["sum", ms({ medianMs: sum }), ""],
    ["the check itself, decoding and analysing side by side", ms(of("soundalike")), ""],
  );
  const partHeads = ["where the time goes: each stage alone, both songs together", "median", "share"];
  return `${table(heads, checks)}\n\n${table(partHeads, parts)}`;
}

/**
 * @param {Record<string, Record<"local" | "mobile", { bytes: number, readyMs: Timing | undefined,
 *   scoreMs: Timing }>>} visits
 * @param {import("./server.js").Link} link
 */
export function visitsTable(visits, link) {
  const names = /** @type {Record<string, string>} */ ({
    page: "our page",
    soundalike: "our package on a bare page",
    peers: "meyda + onnxruntime-web on a bare page",
  });
  const rows = Object.entries(visits).map(([name, { local, mobile }]) => [
    names[name] ?? name,
    `${(local.bytes / 1e6).toFixed(2)} MB`,
    secs(local.readyMs),
    secs(local.scoreMs),
    secs(mobile.readyMs),
    secs(mobile.scoreMs),
  ]);
  const slow = `at ${link.bitsPerSec / 1e6} Mbit/s, ${link.latencyMs} ms`;
  return table(
    [
      "a first visit, two clips of 30 s",
      "brotli",
      "engine ready",
      "first score",
      `engine ready ${slow}`,
      `first score ${slow}`,
    ],
    rows,
  );
}

/** @param {string} what @param {Timings} times */
function besideOrt(what, times) {
  const [ours, ort] = [times["soundalike"], times["onnxruntime-web"]];
  return [what, ms(ours), ms(ort), ratio(ort, ours), String(ours?.rounds)];
}

/** @param {{ medianMs: number } | undefined} time */
function ms(time) {
  if (!time) return "";
  return `${time.medianMs < 10 ? time.medianMs.toFixed(2) : time.medianMs.toFixed(0)} ms`;
}

/** @param {Timing | undefined} time */
function secs(time) {
  return time ? `${(time.medianMs / 1000).toFixed(2)} s` : "";
}

/** @param {Timing | undefined} time @param {Timing | undefined} ours */
function ratio(time, ours) {
  return time && ours ? `${(time.medianMs / ours.medianMs).toFixed(2)}x` : "";
}

/** @param {string[]} heads @param {string[][]} rows */
function table(heads, rows) {
  const line = (/** @type {string[]} */ cells) => `| ${cells.join(" | ")} |`;
  return [line(heads), line(heads.map((_, column) => (column ? "---:" : "---"))), ...rows.map(line)].join("\n");
}
