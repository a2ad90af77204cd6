/** The page's one checker and its cache: analysed songs stay on this device, named by their content. */

import { SongCache, createChecker } from "../pkg/index.js";

export const cache = new SongCache();

/** @type {Promise<import("../pkg/index.js").Checker> | undefined} */
let promise;

/** The engine, loaded once; a failure is forgotten, so that the next check tries again. */
export function checker() {
  promise ??= createChecker({ backend: backendChoice(), cache }).catch((cause) => {
    promise = undefined;
    throw cause;
  });
  return promise;
}

/** `?backend=cpu` or `?backend=webgpu` insists on one. */
export function backendChoice() {
  const choice = new URLSearchParams(location.search).get("backend");
  return choice === "cpu" || choice === "webgpu" ? choice : "auto";
}
