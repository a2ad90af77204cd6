/** Spawn: starts a worker, wherever its script is hosted. */

import { WorkerLink } from "./worker-link.js";
import { locateFiles } from "./loader.js";

/** @param {string | URL | undefined} assetsUrl @returns {WorkerLink} */
export function spawnLink(assetsUrl) {
  return new WorkerLink(spawnWorker(assetsUrl));
}

/** @param {string | URL | undefined} assetsUrl */
function spawnWorker(assetsUrl) {
  const script = locateFiles(assetsUrl).worker;
  const { protocol, origin } = new URL(script, location.href);
  // Not `location.origin`, which a sandboxed frame has even if it may not use it.
  if (/^https?:$/.test(protocol) && origin !== self.origin) {
    // A worker's script must come from the page's own origin, but its imports need not.
    const bootstrap = `import ${JSON.stringify(script)};`;
    return new Worker(trusted(hasNoOrigin() ? dataAddress(bootstrap) : blobAddress(bootstrap)), { type: "module" });
  }
  if (assetsUrl !== undefined) return new Worker(trusted(script), { type: "module" });
  try {
    // Bundlers look for exactly this expression.
    return new Worker(new URL("../worker.js", import.meta.url), { type: "module" });
  } catch (error) {
    // A page with Trusted Types refuses a plain address.
    if (!(error instanceof TypeError)) throw error;
    return new Worker(trusted(script), { type: "module" });
  }
}

/**
 * Whether the page is in a sandboxed frame without `allow-same-origin`. There Chromium starts no
 * module from a blob, but from a `data:` address.
 */
export function hasNoOrigin() {
  return self.origin === "null";
}

/** @param {string} script */
function dataAddress(script) {
  return `data:text/javascript,${encodeURIComponent(script)}`;
}

/** @param {string} script */
function blobAddress(script) {
  return URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
}

/** @type {{ createScriptURL(url: string): string } | undefined} */
let policy;

/**
 * The address of one of our own files, or of the script above, in a form that pages with Trusted
 * Types accept.
 * @param {string} url
 */
function trusted(url) {
  policy ??= /** @type {any} */ (globalThis).trustedTypes?.createPolicy("soundalike", {
    createScriptURL: (/** @type {string} */ own) => own,
  });
  return policy?.createScriptURL(url) ?? url;
}
