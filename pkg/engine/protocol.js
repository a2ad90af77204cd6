/**
 * The messages between the page and the worker. Types only: both sides import them for checking and nothing at run
 * time, so that `worker.js` stays one self-contained file that can be started from any origin.
 *
 * Every request carries an `id`; the worker answers it with any number of `progress` messages and then one `done` or
 * `failed`. A trap of the wasm is `crashed`, concerns the whole worker and is its last message. `alive` comes unasked, once: it
 * names a Web Lock that the worker holds for as long as it lives.
 *
 * @typedef {"cpu" | "webgpu"} Backend
 * @typedef {import("../wasm/cpu/soundalike.js").Report} Report
 * @typedef {import("../wasm/cpu/soundalike.js").Limits} Limits
 *
 * @typedef {"load" | "decode" | "features" | "encode" | "match"} Stage
 *
 * @typedef {Object} StartRequest Load the glue and the wasm, check the weights, pass the self-test.
 * @property {"start"} type
 * @property {Backend} backend
 * @property {string} glueUrl the JavaScript that wasm-bindgen wrote
 * @property {WebAssembly.Module} module
 * @property {Uint8Array} weights
 *
 * @typedef {Object} RecordRequest Begin a song, or begin it anew, under `songId`.
 * @property {"record"} type
 * @property {number} songId
 * @property {string} name
 * @property {number} sampleRateHz
 * @property {number} expectedSamples
 *
 * @typedef {Object} AppendRequest Take the song's next samples.
 * @property {"append"} type
 * @property {number} songId
 * @property {Float32Array} part mono; its buffer is transferred
 *
 * @typedef {Object} AnalyseRequest Keep the song that was recorded under `songId`, analysed. Answers its bytes.
 * @property {"analyse"} type
 * @property {number} songId
 *
 * @typedef {Object} RestoreRequest Have a song again from what an `AnalyseRequest` answered. Answers whether it could be had.
 * @property {"restore"} type
 * @property {number} songId
 * @property {string} name
 * @property {Uint8Array} analysis
 *
 * @typedef {Object} CompareRequest Answers a `CompareResult`.
 * @property {"compare"} type
 * @property {number} leftId
 * @property {number} rightId
 *
 * @typedef {Object} ReleaseRequest Forget a song, or what was recorded of it.
 * @property {"release"} type
 * @property {number} songId
 *
 * @typedef {Object} DigestRequest Answers the SHA-256 of a file. Needs no start.
 * @property {"digest"} type
 * @property {Blob} blob
 * @property {EngineBuild | undefined} engine for a file too large to be read at once
 *
 * @typedef {{ glueUrl: string, module: WebAssembly.Module }} EngineBuild the JavaScript that wasm-bindgen wrote, and its wasm
 *
 * @typedef {StartRequest | RecordRequest | AppendRequest | AnalyseRequest | RestoreRequest | CompareRequest | ReleaseRequest | DigestRequest} Request
 * @typedef {Request & { id: number }} RequestMessage
 *
 * @typedef {{ backend: Backend, limits: Limits, weightsSha256: string }} StartResult
 *
 * @typedef {Object} CompareResult
 * @property {Report} report without its matrix's scores
 * @property {Float64Array<ArrayBuffer>} scores its buffer is transferred
 *
 * @typedef {{ type: "progress", id: number, stage: Stage, fraction: number }} ProgressMessage
 * @typedef {{ type: "done", id: number, value: unknown }} DoneMessage
 * @typedef {{ type: "failed", id: number, code: string, message: string }} FailedMessage
 * @typedef {{ type: "crashed", message: string }} CrashedMessage
 * @typedef {{ type: "alive", lock: string }} AliveMessage
 * @typedef {ProgressMessage | DoneMessage | FailedMessage | CrashedMessage | AliveMessage} ReplyMessage
 */

export {};
