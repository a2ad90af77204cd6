// One song against every song of a folder, closest first.
import { CheckerError, SongCache, createChecker } from "soundalike";

/** @typedef {{ name: string, score?: number, details: string }} Row */

const song = /** @type {HTMLInputElement} */ (document.querySelector("#song"));
const folder = /** @type {HTMLInputElement} */ (document.querySelector("#folder"));
const ranking = /** @type {HTMLElement} */ (document.querySelector("#ranking"));
const status = /** @type {HTMLElement} */ (document.querySelector("#status"));

// With a cache, analysed songs stay on the device: the next visit decodes none of them again.
const ready = createChecker({ cache: new SongCache() });
let running = new AbortController();

for (const input of [song, folder]) {
  input.addEventListener("change", () => {
    // Results for the files that were chosen before are of no use any more.
    running.abort();
    running = new AbortController();
    void start(running.signal);
  });
}

/** @param {AbortSignal} signal */
async function start(signal) {
  const [mine] = song.files ?? [];
  const others = [...(folder.files ?? [])].filter((file) => file.type.startsWith("audio/"));
  if (!mine || others.length === 0) return;
  try {
    await rank(mine, others, signal);
    status.textContent = `Compared ${mine.name} with ${others.length} songs`;
  } catch (error) {
    if (!signal.aborted) status.textContent = sentence(error);
  }
}

/** @param {File} mine @param {File[]} others @param {AbortSignal} signal */
async function rank(mine, others, signal) {
  status.textContent = `Analysing ${mine.name}`;
  const checker = await ready;
  // Analysed once, for all comparisons.
  const analysed = await checker.analyse(mine, { signal });
  try {
    const rows = /** @type {Row[]} */ ([]);
    for (const [index, other] of others.entries()) {
      status.textContent = `${index} of ${others.length}: ${other.name}`;
      rows.push(await compare(checker, analysed, other, signal));
      show(rows);
    }
  } finally {
    analysed.free();
  }
}

/**
 * A file that can't be compared gives a row with the reason; the others go on.
 * @param {import("soundalike").Checker} checker
 * @param {import("soundalike").Song} mine
 * @param {File} other
 * @param {AbortSignal} signal
 * @returns {Promise<Row>}
 */
async function compare(checker, mine, other, signal) {
  try {
    const { score, passages } = await checker.compare(mine, other, { signal });
    const longest = passages.toSorted((a, b) => length(b) - length(a))[0];
    const details = longest
      ? `${secs(longest.leftStartSecs, longest.leftEndSecs)} plays at ` +
        secs(longest.rightStartSecs, longest.rightEndSecs)
      : "none";
    return { name: other.name, score, details };
  } catch (error) {
    signal.throwIfAborted();
    return { name: other.name, details: sentence(error) };
  }
}

/** @param {Row[]} rows */
function show(rows) {
  const sorted = rows.toSorted((a, b) => (b.score ?? -1) - (a.score ?? -1));
  ranking.replaceChildren(
    ...sorted.map(({ score, name, details }) => tableRow(score?.toFixed(2) ?? "", name, details)),
  );
}

/** @param {string[]} cells */
function tableRow(...cells) {
  const row = document.createElement("tr");
  for (const cell of cells) row.insertCell().textContent = cell;
  return row;
}

/** @param {{ leftStartSecs: number, leftEndSecs: number }} passage */
function length(passage) {
  return passage.leftEndSecs - passage.leftStartSecs;
}

/** @param {number} start @param {number} end */
function secs(start, end) {
  return `${start.toFixed(1)} to ${end.toFixed(1)} s`;
}

/** @param {unknown} error */
function sentence(error) {
  return error instanceof CheckerError ? error.message : String(error);
}
