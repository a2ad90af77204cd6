/**
 * Find: which songs of a catalogue does a song copy? Its numbers go to the catalogue's service,
 * after the visitor has agreed. The songs that the service names are compared here, if it gives
 * them.
 */

import { packSong } from "../song/song-bytes.js";
import { CheckerError, throwIfAborted } from "../shared/errors.js";
import { Song } from "../song/song.js";
import { askForCandidates, askForSong, serviceUrl } from "./service.js";
import { catalogueRequest } from "./consent.js";

/** @import { Checker, SongInput } from "../index.js" */
/** @import { ProgressListener } from "../engine/progress.js" */
/** @import { Report } from "../engine/protocol.js" */
/** @import { Agree, CatalogueRequest } from "./consent.js" */
/** @import { Candidate, RequestOptions } from "./service.js" */

/**
 * @typedef {Object} CatalogueOptions
 * @property {string | URL} url of the service of `soundalike-catalogue serve`
 * @property {Agree} [agree] asks the visitor before anything is sent; without it, each search needs
 *   its own
 * @property {number} [timeoutSecs] for each answer of the service, 30 without it
 */

/**
 * @typedef {Object} FindOptions
 * @property {Agree} [agree] in place of the one of the checker
 * @property {ProgressListener} [onProgress]
 * @property {AbortSignal} [signal]
 */

/**
 * A song of the catalogue. Without a `report` it was not compared, and only resembles the song.
 * @typedef {Candidate & { report?: Report }} FoundSong
 */

/**
 * @typedef {Object} CatalogueAnswer
 * @property {number} songs in the catalogue; 0 if it is empty
 * @property {FoundSong[]} candidates at most 20: those with a report by its score, then the others
 *   as the service orders them
 */

/**
 * Answers the numbers of a song.
 * @typedef {(song: Song, signal: AbortSignal | undefined) => Promise<Uint8Array>} Query
 */

const TIMEOUT_SECS = 30;

/** Share of a search that the analysis of the song takes. */
const ANALYSIS_SHARE = 0.6;

/** Songs that are fetched at once: as many as browsers have connections for one server. */
const MAX_FETCHED = 6;

/** Bytes of a query before the segments, and of one segment: see `src/lookup.rs`. */
const QUERY_HEADER_BYTES = 88;
const PIECE_BYTES = 4 + 128;

/**
 * @param {{ checker: Checker, query: Query }} own
 * @param {CatalogueOptions} catalogue
 * @param {SongInput | Song} input
 * @param {FindOptions} options
 * @returns {Promise<CatalogueAnswer>}
 */
export async function findInCatalogue({ checker, query }, catalogue, input, { agree, onProgress, signal }) {
  const service = serviceUrl(catalogue.url);
  const { timeoutSecs = TIMEOUT_SECS } = catalogue;
  const song = input instanceof Song ? input : new Song(input);
  try {
    const numbers = await query(song, signal);
    const pieces = Math.round((numbers.length - QUERY_HEADER_BYTES) / PIECE_BYTES);
    // In a song without a piece to recognise there is nothing to look for.
    if (pieces === 0) throw new CheckerError("silent", `There is nothing to recognise in “${song.name}”.`);
    await requireConsent(agree ?? catalogue.agree, catalogueRequest(service, numbers, pieces));
    throwIfAborted(signal);
    onProgress?.({ stage: "match", fraction: ANALYSIS_SHARE });
    const requests = { timeoutSecs, signal };
    const { songs, givesSongs, candidates } = await askForCandidates(service, numbers, requests);
    const found = givesSongs
      ? await compareAll({ checker, service, song, requests, onProgress }, candidates)
      : candidates;
    onProgress?.({ stage: "match", fraction: 1 });
    return { songs, candidates: found };
  } finally {
    if (song !== input) song.free();
  }
}

/** @param {Agree | undefined} agree @param {CatalogueRequest} request */
async function requireConsent(agree, request) {
  if ((await agree?.(request)) === true) return;
  throw new CheckerError("not-agreed", "Nothing was sent: the search needs your consent.");
}

/**
 * @typedef {Object} Comparing
 * @property {Checker} checker
 * @property {URL} service
 * @property {Song} song
 * @property {RequestOptions} requests
 * @property {ProgressListener | undefined} onProgress
 */

/** @param {Comparing} comparing @param {Candidate[]} candidates @returns {Promise<FoundSong[]>} */
async function compareAll(comparing, candidates) {
  /** @type {FoundSong[]} */
  const found = [];
  const waiting = candidates.entries();
  let done = 0;
  const compareNext = async () => {
    for (const [index, candidate] of waiting) {
      const report = await reportOn(comparing, candidate);
      found[index] = { ...candidate, ...(report && { report }) };
      const fraction = ANALYSIS_SHARE + ((1 - ANALYSIS_SHARE) * ++done) / candidates.length;
      comparing.onProgress?.({ stage: "match", fraction });
    }
  };
  await Promise.all(Array.from({ length: MAX_FETCHED }, compareNext));
  // Stable: those with equal scores stay in the order of the service.
  return found.sort((a, b) => (b.report?.score ?? -1) - (a.report?.score ?? -1));
}

/**
 * The report on a candidate; `undefined` if its song can't be had or belongs to other weights.
 * @param {Comparing} comparing
 * @param {Candidate} candidate
 */
async function reportOn({ checker, service, song, requests }, { id, name }) {
  const { signal } = requests;
  let kept;
  try {
    const analysis = await askForSong(service, id, requests);
    // The engine knows its length; nobody draws it.
    const bytes = packSong({ analysis, durationSecs: 1, peaks: new Float32Array(0) });
    kept = await checker.restore(bytes, { name, ...(signal && { signal }) });
    return kept && (await checker.compare(song, kept, { ...(signal && { signal }) }));
  } catch (error) {
    throwIfAborted(signal);
    if (error instanceof CheckerError && error.code.startsWith("catalogue-")) return undefined;
    throw error;
  } finally {
    kept?.free();
  }
}
