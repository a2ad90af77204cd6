/**
 * @typedef {Object} Timing
 * @property {number} medianMs
 * @property {number} leastMs
 * @property {number} rounds
 */

/**
 * Measures contenders in turn, one round after the other, so that other work of the machine affects
 * all of them.
 * @param {Record<string, () => Promise<number>>} contenders do the work once and return the
 *   milliseconds of the measured part
 * @param {{ rounds: number, warmUps: number, fewer?: Record<string, number> }} options `fewer`:
 *   number of rounds of slow contenders, which get no warm-up
 * @returns {Promise<Record<string, Timing>>}
 */
export async function inTurn(contenders, { rounds, warmUps, fewer = {} }) {
  const names = Object.keys(contenders);
  const times = /** @type {Record<string, number[]>} */ (Object.fromEntries(names.map((name) => [name, []])));
  for (let round = -warmUps; round < rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      // Each round begins with another contender, so that none always follows the same one.
      const name = /** @type {string} */ (names[(turn + round + warmUps) % names.length]);
      if (round < 0 ? name in fewer : round >= (fewer[name] ?? rounds)) continue;
      const ms = await /** @type {() => Promise<number>} */ (contenders[name])();
      if (round >= 0) times[name]?.push(ms);
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, values]) => [name, timing(values)]));
}

/** @param {number[]} times @returns {Timing} */
export function timing(times) {
  const sorted = [...times].sort((a, b) => a - b);
  return { medianMs: median(sorted), leastMs: sorted[0] ?? 0, rounds: sorted.length };
}

/** @param {number[]} sorted */
function median(sorted) {
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/** @param {() => unknown} work @returns {Promise<number>} milliseconds */
export async function msOf(work) {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
