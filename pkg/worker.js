/**
 * Worker: runs the wasm engine, keeps analysed songs by id, and answers the requests of
 * `protocol.js`.
 *
 * It imports nothing: the page resolves every address and sends it. So this file can be started
 * from a bundle, a CDN or a blob.
 */

/**
 * @import { CompareResult, EngineBuild, ReplyMessage, RequestMessage } from "./engine/protocol.js"
 */
/** @import { Stage, StartRequest, StartResult } from "./engine/protocol.js" */
/** @typedef {typeof import("./wasm/cpu/soundalike.js")} Engine */
/** @typedef {typeof import("./wasm/decoder/soundalike_decoder.js")} Decoder */

/**
 * @typedef {Object} Port
 * @property {(message: ReplyMessage, transfer?: Transferable[]) => void} postMessage
 * @property {((event: MessageEvent<RequestMessage>) => void) | null} onmessage
 */

/** @type {Port} */
const port = /** @type {any} */ (self);

/** @type {import("./wasm/cpu/soundalike.js").Checker | undefined} */
let checker;

/** @type {Map<number, import("./wasm/cpu/soundalike.js").Song>} */
const songs = new Map();

/**
 * Songs that are being uploaded.
 * @type {Map<number, import("./wasm/cpu/soundalike.js").SampleStream>}
 */
const uploads = new Map();

/**
 * The file that this worker decodes.
 * @type {import("./wasm/decoder/soundalike_decoder.js").FileDecoder | undefined}
 */
let decoded;

/** A file is read and digested in parts of this size. */
const PART_BYTES = 4 * 1024 ** 2;

/**
 * Requests run one after the other: the engine is a single thread and its calls are asynchronous.
 * The first one waits for the life lock, without which the page would not notice that a worker has
 * ended.
 */
let queue = lifeLock();

port.onmessage = ({ data }) => {
  queue = queue.then(() => answer(data));
};

// A panic in an asynchronous wasm function traps outside of our call, and the call's promise never
// settles. The page gets an event for uncaught errors, but not for unhandled rejections.
self.addEventListener("unhandledrejection", (event) => crashed(event.reason));

/** @param {RequestMessage} request */
async function answer(request) {
  const { id } = request;
  /** @type {(stage: string, fraction: number) => void} */
  const onProgress = (stage, fraction) => {
    port.postMessage({ type: "progress", id, stage: /** @type {Stage} */ (stage), fraction });
  };
  try {
    const value = await perform(request, onProgress);
    const array =
      value instanceof Uint8Array
        ? value
        : request.type === "compare"
          ? /** @type {CompareResult} */ (value).scores
          : undefined;
    const arrays = request.type === "next" ? /** @type {Float32Array<ArrayBuffer>[]} */ (value) : array ? [array] : [];
    port.postMessage(
      { type: "done", id, value },
      arrays.map(({ buffer }) => buffer),
    );
  } catch (error) {
    const code = /** @type {{ code?: unknown } | null} */ (error)?.code;
    // Errors of the engine have a code. After any other (a trap, out of memory) its state is
    // unknown.
    if (error instanceof Error && typeof code === "string") {
      port.postMessage({ type: "failed", id, code, message: error.message });
    } else {
      crashed(error);
    }
  }
}

/**
 * @param {RequestMessage} request
 * @param {(stage: string, fraction: number) => void} onProgress
 * @returns {Promise<unknown>}
 */
async function perform(request, onProgress) {
  switch (request.type) {
    case "start":
      return start(request);
    case "record":
      forget(request.songId);
      uploads.set(request.songId, started().stream(request.name, request.sampleRateHz, request.expectedSamples));
      return undefined;
    case "append":
      // There is no upload if its first request failed, which the page knows.
      uploads.get(request.songId)?.append(request.part);
      freeBuffer(request.part);
      return undefined;
    case "analyse": {
      const upload = uploads.get(request.songId);
      if (!upload) throw new Error(`song ${request.songId} was not sent to this worker`);
      uploads.delete(request.songId);
      const song = await started().analyse(upload, onProgress);
      songs.set(request.songId, song);
      return started().songToBytes(song);
    }
    case "restore": {
      const song = started().songFromBytes(request.analysis, request.name);
      if (song) songs.set(request.songId, song);
      return song !== undefined;
    }
    case "compare": {
      const report = await started().compare(kept(request.leftId), kept(request.rightId), onProgress);
      // Cloning an array of a million numbers would block the page longer than the rest of a check.
      const scores = Float64Array.from(report.matrix.scores);
      report.matrix.scores = [];
      return { report, scores };
    }
    case "query":
      return started().songQuery(kept(request.songId));
    case "release":
      forget(request.songId);
      return undefined;
    case "open": {
      const { FileDecoder } = /** @type {Decoder} */ (await load(request.build));
      decoded = new FileDecoder(request.blob, request.extension);
      return { sampleRateHz: decoded.sampleRateHz, statedSecs: decoded.statedSecs };
    }
    case "next":
      return decoded?.next() ?? [];
    case "extract": {
      const { soundIn } = /** @type {Decoder} */ (await load(request.build));
      return soundIn(request.blob);
    }
    case "digest":
      return request.engine
        ? digestInParts(request.blob, request.engine)
        : new Uint8Array(await crypto.subtle.digest("SHA-256", await request.blob.arrayBuffer()));
  }
}

/** @param {Blob} blob @param {EngineBuild} build */
async function digestInParts(blob, build) {
  const { FileDigest } = /** @type {Engine} */ (await load(build));
  const digest = new FileDigest();
  for (let at = 0; at < blob.size; at += PART_BYTES)
    digest.update(new Uint8Array(await blob.slice(at, at + PART_BYTES).arrayBuffer()));
  return digest.finish();
}

/** @param {EngineBuild} build @returns {Promise<Engine | Decoder>} */
async function load({ glueUrl, module }) {
  /** @type {Engine | Decoder} */
  const engine = await import(/* webpackIgnore: true */ /* @vite-ignore */ glueUrl);
  await engine.default({ module_or_path: module });
  return engine;
}

/** @param {StartRequest} request @returns {Promise<StartResult>} */
async function start(request) {
  const engine = /** @type {Engine} */ (await load(request));
  checker = await engine.Checker.create(request.backend, request.weights);
  return { backend: checker.backend, limits: engine.limits(), weightsSha256: checker.weightsSha256 };
}

function started() {
  if (!checker) throw new Error("a request came before the engine was started");
  return checker;
}

/** @param {number} songId */
function kept(songId) {
  const song = songs.get(songId);
  if (!song) throw new Error(`song ${songId} is not kept in this worker`);
  return song;
}

/** @param {number} songId */
function forget(songId) {
  for (const kept of [songs, uploads]) {
    kept.get(songId)?.free();
    kept.delete(songId);
  }
}

/**
 * Frees the memory of samples at once, by transferring it with a message that nobody receives; see
 * `freeBuffers` in `decode/decode.js`. The engine has copied them.
 * @param {Float32Array} samples
 */
function freeBuffer({ buffer }) {
  const { port1, port2 } = new MessageChannel();
  port2.close();
  port1.postMessage(null, [/** @type {ArrayBuffer} */ (buffer)]);
  port1.close();
}

/**
 * Holds a Web Lock as long as this worker lives. A browser that is short of memory ends a worker
 * without an event, but it releases the lock, for which the page waits. Browsers and pages without
 * Web Locks don't detect this.
 * @returns {Promise<void>} until the lock is held, or can't be had
 */
function lifeLock() {
  const lock = `soundalike worker ${performance.timeOrigin} ${Math.random()}`;
  return new Promise((resolve) => {
    const untilTheEnd = () => {
      port.postMessage({ type: "alive", lock });
      resolve();
      return new Promise(() => {});
    };
    if (!navigator.locks) return resolve();
    navigator.locks.request(lock, untilTheEnd).catch(() => resolve());
  });
}

/** @param {unknown} error */
function crashed(error) {
  port.postMessage({
    type: "crashed",
    message: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
  });
}
