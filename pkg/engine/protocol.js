/**
 * The messages between the page and the worker. There are only types here, no code, so that
 * `worker.js` stays one self-contained file that can be started from any origin.
 *
 * Every request has an `id`. The worker answers it with any number of `progress` messages and then
 * one `done` or `failed`. If the wasm traps, the worker sends `crashed`, its last message. It sends
 * `alive` once, without a request: the name of a Web Lock that it holds as long as it lives.
 *
 * @typedef {"cpu" | "webgpu"} Backend
 * @typedef {import("../wasm/cpu/soundalike.js").Report} Report
 * @typedef {import("../wasm/cpu/soundalike.js").Limits} Limits
 *
 * @typedef {"load" | "decode" | "features" | "encode" | "match"} Stage
 *
 * @typedef {Object} StartRequest Load the glue and the wasm, check the weights, run the self-test.
 * @property {"start"} type
 * @property {Backend} backend
 * @property {string} glueUrl the JavaScript that wasm-bindgen generated
 * @property {WebAssembly.Module} module
 * @property {Uint8Array} weights
 *
 * @typedef {Object} RecordRequest Begin the upload of a song, or begin it again.
 * @property {"record"} type
 * @property {number} songId
 * @property {string} name
 * @property {number} sampleRateHz
 * @property {number} expectedSamples
 *
 * @typedef {Object} AppendRequest The next samples of an upload.
 * @property {"append"} type
 * @property {number} songId
 * @property {Float32Array} part mono; its buffer is transferred
 *
 * @typedef {Object} AnalyseRequest Analyse an uploaded song and keep it. Answers its bytes.
 * @property {"analyse"} type
 * @property {number} songId
 *
 * @typedef {Object} RestoreRequest Restore a song from the answer to an `AnalyseRequest`. Answers
 *   whether that succeeded.
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
 * @typedef {Object} QueryRequest Answers the numbers that a catalogue is asked with for a song.
 * @property {"query"} type
 * @property {number} songId
 *
 * @typedef {Object} ReleaseRequest Free a song or an upload.
 * @property {"release"} type
 * @property {number} songId
 *
 * @typedef {import("../song/digest.js").DigestRequest} DigestRequest Needs no `StartRequest`.
 * @typedef {import("../song/digest.js").EngineBuild} EngineBuild
 *
 * @typedef {import("../decode/foreign/foreign.js").OpenRequest} OpenRequest
 * @typedef {import("../decode/foreign/foreign.js").NextRequest} NextRequest
 * @typedef {import("../decode/foreign/foreign.js").ExtractRequest} ExtractRequest
 *
 * @typedef {StartRequest | RecordRequest | AppendRequest | AnalyseRequest} SongRequest
 * @typedef {DigestRequest | OpenRequest | NextRequest | ExtractRequest} FileRequest
 * @typedef {RestoreRequest | CompareRequest | QueryRequest | ReleaseRequest} KnownSongRequest
 * @typedef {SongRequest | KnownSongRequest | FileRequest} Request
 * @typedef {Request & { id: number }} RequestMessage
 *
 * @typedef {{ backend: Backend, limits: Limits, weightsSha256: string }} StartResult
 *
 * @typedef {Object} CompareResult
 * @property {Report} report without the scores of its matrix
 * @property {Float64Array<ArrayBuffer>} scores its buffer is transferred
 *
 * @typedef {{ type: "progress", id: number, stage: Stage, fraction: number }} ProgressMessage
 * @typedef {{ type: "done", id: number, value: unknown }} DoneMessage
 * @typedef {{ type: "failed", id: number, code: string, message: string }} FailedMessage
 * @typedef {{ type: "crashed", message: string }} CrashedMessage
 * @typedef {{ type: "alive", lock: string }} AliveMessage
 * @typedef {ProgressMessage | DoneMessage | FailedMessage | CrashedMessage | AliveMessage}
 *   ReplyMessage
 */

export {};
