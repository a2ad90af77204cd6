/**
 * Checker: the only one of the page, and its cache of analysed songs, which stays on this device.
 */

import { SongCache, createChecker } from "../pkg/index.js";

export const cache = new SongCache();

/** @type {Promise<import("../pkg/index.js").Checker> | undefined} */
let promise;

/** The engine, loaded once; after a failure the next check tries again. */
export function checker() {
  promise ??= createChecker({ backend: backendChoice(), cache }).catch((cause) => {
    promise = undefined;
    throw cause;
  });
  return promise;
}

/** `?backend=cpu` or `?backend=webgpu` excludes the other. */
export function backendChoice() {
  const choice = new URLSearchParams(location.search).get("backend");
  return choice === "cpu" || choice === "webgpu" ? choice : "auto";
}
