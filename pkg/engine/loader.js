/**
 * Loader: detects the browser's features and fetches the two parts of the engine, the wasm module
 * for a backend and the weights.
 *
 * Fetched files are kept for the life of the page. Failed or damaged ones are not, so that the next
 * try fetches them again, bypassing the browser's cache.
 */

import { bytesOf, isAddress, isBytes } from "../decode/song-input.js";
import { CheckerError } from "../shared/errors.js";

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

/** Throws `unsupported-browser` if a feature is missing that every backend needs. */
export function requireBrowserFeatures() {
  const missing = [
    typeof WebAssembly === "object" && WebAssembly.validate(SIMD_PROBE) ? "" : "WebAssembly SIMD",
    typeof Worker === "function" ? "" : "workers",
    typeof OfflineAudioContext === "function" ? "" : "Web Audio",
  ].filter(Boolean);
  if (missing.length > 0) {
    const lack = `This browser lacks ${missing.join(" and ")}.`;
    const working = "Chrome 91, Edge 91, Firefox 114, Safari 16.4 and later versions work.";
    throw new CheckerError("unsupported-browser", `${lack} ${working}`);
  }
}

/**
 * The kind of WebGPU adapter. A `software` adapter is slower than our CPU path. Whether a
 * `hardware` adapter computes correctly is checked by the engine's self-test.
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
 * The addresses of the package's files, beside this module or in a folder of the caller.
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
      decoder: {
        glue: at("wasm/decoder/soundalike_decoder.js"),
        module: at("wasm/decoder/soundalike_decoder_bg.wasm"),
      },
    };
  }
  return {
    worker: new URL("../worker.js", import.meta.url).href,
    weights: new URL("../wasm/weights.safetensors", import.meta.url).href,
    cpu: {
      glue: new URL("../wasm/cpu/soundalike.js", import.meta.url).href,
      module: new URL("../wasm/cpu/soundalike_bg.wasm", import.meta.url).href,
    },
    webgpu: {
      glue: new URL("../wasm/webgpu/soundalike.js", import.meta.url).href,
      module: new URL("../wasm/webgpu/soundalike_bg.wasm", import.meta.url).href,
    },
    decoder: {
      glue: new URL("../wasm/decoder/soundalike_decoder.js", import.meta.url).href,
      module: new URL("../wasm/decoder/soundalike_decoder_bg.wasm", import.meta.url).href,
    },
  };
}

/**
 * @typedef {Object} FileOptions
 * @property {string | URL | undefined} [assetsUrl]
 * @property {string | URL | ArrayBuffer | Uint8Array | undefined} [weights]
 */

/**
 * @param {Backend} backend
 * @param {FileOptions} options
 * @returns {Promise<EngineFiles>}
 */
export async function loadEngineFiles(backend, options) {
  const files = locateFiles(options.assetsUrl);
  const [module, weights] = await Promise.all([
    compiledModule.get(files[backend].module),
    weightsBytes(options.weights ?? files.weights),
  ]);
  return { glueUrl: files[backend].glue, module, weights };
}

/**
 * The module that decodes files which the browser refuses.
 * @param {string | URL | undefined} assetsUrl
 */
export async function loadDecoder(assetsUrl) {
  const { glue, module } = locateFiles(assetsUrl).decoder;
  return { glueUrl: glue, module: await compiledModule.get(module) };
}

/** @param {string | URL | ArrayBuffer | Uint8Array} source @returns {Promise<Uint8Array>} */
async function weightsBytes(source) {
  if (isBytes(source)) return bytesOf(source);
  return fetchedWeights.get(new URL(source, document.baseURI).href);
}

/**
 * Fetches the weights again at the next try, because the engine refused these.
 * @param {FileOptions} options
 */
export function forgetWeights({ assetsUrl, weights = locateFiles(assetsUrl).weights }) {
  if (isAddress(weights)) fetchedWeights.forget(new URL(weights, document.baseURI).href);
}

const fetchedWeights = memoised((url, cache) =>
  fetched(
    url,
    cache,
    "weights-invalid",
    "The model’s weights",
    async (response) => new Uint8Array(await response.arrayBuffer()),
  ),
);

const compiledModule = memoised((url, cache) =>
  fetched(url, cache, "crashed", "The engine", async (response) => {
    try {
      // Streaming needs the right media type, and not every static host sends it.
      return await (response.headers.get("content-type")?.startsWith("application/wasm")
        ? WebAssembly.compileStreaming(response)
        : WebAssembly.compile(await response.arrayBuffer()));
    } catch (cause) {
      if (!(cause instanceof WebAssembly.CompileError)) throw cause;
      throw new CheckerError("crashed", "The engine’s file is damaged. The next check loads it again.", { cause });
    }
  }),
);

/**
 * @template T
 * @param {string} url
 * @param {RequestCache} cache
 * @param {"weights-invalid" | "crashed"} code
 * @param {string} what
 * @param {(response: Response) => Promise<T>} read
 * @returns {Promise<T>}
 */
async function fetched(url, cache, code, what, read) {
  try {
    const response = await fetch(url, { cache });
    if (response.ok) return await read(response);
    throw new CheckerError(code, `${what} could not be loaded: ${url} answered ${response.status}.`);
  } catch (cause) {
    // A RangeError means that there is no memory for the file.
    if (cause instanceof CheckerError || cause instanceof RangeError) throw cause;
    // No connection, or it broke in the middle of the file.
    throw new CheckerError(code, `${what} could not be loaded. Check the connection and try again.`, { cause });
  }
}

/**
 * Keeps loaded files. Failed or forgotten ones are loaded again, bypassing the browser's cache,
 * whose copy may be damaged.
 * @template T
 * @param {(url: string, cache: RequestCache) => Promise<T>} load
 */
function memoised(load) {
  /** @type {Map<string, Promise<T>>} */
  const kept = new Map();
  /** @type {Set<string>} */
  const refetched = new Set();
  /** @param {string} url */
  const forget = (url) => {
    kept.delete(url);
    refetched.add(url);
  };
  /** @param {string} url @returns {Promise<T>} */
  const get = (url) => {
    let result = kept.get(url);
    if (!result) {
      result = load(url, refetched.has(url) ? "reload" : "default");
      kept.set(url, result);
      result.catch(() => forget(url));
    }
    return result;
  };
  return { get, forget };
}
