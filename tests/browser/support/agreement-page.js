/**
 * The page of `agreement.test.js`: compares the pairs of songs in `pairs.json` with the backend in
 * the address, and writes the reports as JSON into the document.
 */

/** @typedef {{ left: string, right: string }} Pair */

const output = document.createElement("output");
output.id = "reports";

try {
  const { createChecker } = await import(/** @type {any} */ ("/pkg/index.js"));
  const checker = await createChecker({ backend: new URLSearchParams(location.search).get("backend") });
  /** @type {Pair[]} */
  const pairs = await (await fetch("pairs.json")).json();
  /** @type {Map<string, Promise<unknown>>} */
  const songs = new Map();
  const song = (/** @type {string} */ name) => {
    if (!songs.has(name))
      songs.set(
        name,
        samplesOf(name).then((samples) => checker.analyse(samples)),
      );
    return songs.get(name);
  };
  const reports = [];
  for (const { left, right } of pairs) {
    reports.push(await checker.compare(await song(left), await song(right)));
  }
  output.value = JSON.stringify(reports);
} catch (error) {
  output.id = "failed";
  output.value = String(error);
}
document.body.append(output);

/**
 * Samples of a WAV file made by the tests: mono, 16 bits, after a header of 44 bytes.
 * @param {string} name
 */
async function samplesOf(name) {
  const bytes = await (await fetch(name)).arrayBuffer();
  const samples = Float32Array.from(new Int16Array(bytes, 44), (value) => value / 32768);
  return { name, samples, sampleRateHz: new DataView(bytes).getUint32(24, true) };
}
