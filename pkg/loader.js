/**
 * Loader: finds out what this browser can do and fetches the two halves of the engine, the wasm build for a backend and
 * the weights. What was fetched is remembered for the life of the page; a failure is forgotten, so that the next try
 * asks the network again.
 */

import { CheckerError } from "./errors.js";

/** @import { Backend } from "./protocol.js" */

/**
 * @typedef {Object} EngineFiles
 * @property {string} glueUrl
 * @property {WebAssembly.Module} module
 * @property {Uint8Array} weights
 */

/** The smallest module with a SIMD128 instruction (`i8x16.splat`, then `i8x16.popcnt`). */
const SIMD_PROBE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]);

/** Throws `unsupported-browser` where something is missing that no backend can do without. */
export function requireBrowserFeatures() {
  const missing = [
    typeof WebAssembly === "object" && WebAssembly.validate(SIMD_PROBE) ? "" : "WebAssembly SIMD",
    typeof Worker === "function" ? "" : "workers",
    typeof OfflineAudioContext === "function" ? "" : "Web Audio",
  ].filter(Boolean);
  if (missing.length > 0) {
    throw new CheckerError(
      "unsupported-browser",
      `This browser lacks ${missing.join(" and ")}. Chrome 91, Edge 91, Firefox 114, Safari 16.4 and later versions work.`,
    );
  }
}

/**
 * What stands behind WebGPU here. A `software` adapter is slower than our CPU path; whether a `hardware` one computes
 * right numbers is for the engine's self-test to say.
 * @returns {Promise<"hardware" | "software" | "none">}
 */
export async function probeWebgpu() {
  const gpu = /** @type {any} */ (globalThis.navigator)?.gpu;
  try {
    const adapter = await gpu?.requestAdapter();
    if (!adapter) return "none";
    // The flag moved from the adapter to its info; older browsers have only the first.
    return (adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter) ? "software" : "hardware";
  } catch {
    return "none";
  }
}

/**
 * The package's files, for this page or from a folder of the caller's.
 * Bundlers find the files by these literals, so they must stay literals.
 * @param {string | URL | undefined} assetsUrl
 */
export function locateFiles(assetsUrl) {
  if (assetsUrl !== undefined) {
    const folder = new URL(`${String(assetsUrl).replace(/\/$/, "")}/`, document.baseURI);
    /** @param {string} path */
    const at = (path) => new URL(path, folder).href;
    return {
      worker: at("worker.js"),
      weights: at("wasm/weights.safetensors"),
      cpu: { glue: at("wasm/cpu/soundalike.js"), module: at("wasm/cpu/soundalike_bg.wasm") },
      webgpu: { glue: at("wasm/webgpu/soundalike.js"), module: at("wasm/webgpu/soundalike_bg.wasm") },
    };
  }
  return {
    worker: new URL("./worker.js", import.meta.url).href,
    weights: new URL("./wasm/weights.safetensors", import.meta.url).href,
    cpu: {
      glue: new URL("./wasm/cpu/soundalike.js", import.meta.url).href,
      module: new URL("./wasm/cpu/soundalike_bg.wasm", import.meta.url).href,
    },
    webgpu: {
      glue: new URL("./wasm/webgpu/soundalike.js", import.meta.url).href,
      module: new URL("./wasm/webgpu/soundalike_bg.wasm", import.meta.url).href,
    },
  };
}

/**
 * @param {Backend} backend
 * @param {{ assetsUrl?: string | URL | undefined, weights?: string | URL | ArrayBuffer | Uint8Array | undefined }} options
 * @returns {Promise<EngineFiles>}
 */
export async function loadEngineFiles(backend, options) {
  const files = locateFiles(options.assetsUrl);
  const [module, weights] = await Promise.all([
    compiledModule(files[backend].module),
    weightsBytes(options.weights ?? files.weights),
  ]);
  return { glueUrl: files[backend].glue, module, weights };
}

/** @param {string | URL | ArrayBuffer | Uint8Array} source @returns {Promise<Uint8Array>} */
async function weightsBytes(source) {
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  return fetchedWeights(new URL(source, document.baseURI).href);
}

const fetchedWeights = memoisedUnlessFailed(async (url) => {
  const response = await checkedFetch(url, "weights-invalid", "The model's weights");
  return new Uint8Array(await response.arrayBuffer());
});

const compiledModule = memoisedUnlessFailed(async (url) => {
  const response = await checkedFetch(url, "crashed", "The engine");
  // Streaming needs the right media type, and not every static host sends it.
  return response.headers.get("content-type")?.startsWith("application/wasm")
    ? WebAssembly.compileStreaming(response)
    : WebAssembly.compile(await response.arrayBuffer());
});

/**
 * @param {string} url
 * @param {"weights-invalid" | "crashed"} code
 * @param {string} what
 */
async function checkedFetch(url, code, what) {
  let response;
  try {
    response = await fetch(url);
  } catch (cause) {
    throw new CheckerError(code, `${what} could not be loaded. Check the connection and try again.`, { cause });
  }
  if (!response.ok) {
    throw new CheckerError(code, `${what} could not be loaded: ${url} answered ${response.status}.`);
  }
  return response;
}

/**
 * @template T
 * @param {(url: string) => Promise<T>} load
 * @returns {(url: string) => Promise<T>}
 */
function memoisedUnlessFailed(load) {
  /** @type {Map<string, Promise<T>>} */
  const kept = new Map();
  return (url) => {
    let result = kept.get(url);
    if (!result) {
      result = load(url);
      kept.set(url, result);
      result.catch(() => kept.delete(url));
    }
    return result;
  };
}
