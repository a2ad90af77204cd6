/**
 * State of the page: the work that is going on and the report that is open. Values and the
 * transitions between them; `app.js` holds the present one and draws.
 *
 * ```text
 * idle ─checkStarted→ checking ─checkEnded→ report (or idle, after an error)
 * library ─rowOpened→ row ─rowClosed→ library      (either with a run or without)
 * any ─workStopped→ idle or library
 * ```
 */

/** @import { LibraryCheck, Row } from "./library/library-check.js" */

/**
 * No work, no report: a song is missing, or the check was cancelled or failed.
 * @typedef {{ name: "idle" }} Idle
 */

/**
 * Two songs are being compared.
 * @typedef {{ name: "checking", check: AbortController }} Checking
 */

/**
 * The report of two songs is shown.
 * @typedef {{ name: "report" }} ReportShown
 */

/**
 * Many songs are compared with yours, or will be once yours is given.
 * @typedef {Object} LibraryShown
 * @property {"library"} name
 * @property {LibraryCheck} library
 * @property {AbortController | undefined} run the run through the library, while it is going on
 * @property {Row | undefined} lastRow the row to which the browser's Forward button leads
 */

/**
 * The report of a row is shown, or on its way: an entry of its own in the browser's history.
 * @typedef {Object} RowOpened
 * @property {"row"} name
 * @property {LibraryCheck} library
 * @property {AbortController | undefined} run goes on behind the report
 * @property {Row} row
 * @property {AbortController | undefined} check the comparison for the report, while it is going on
 */

/** @typedef {Idle | Checking | ReportShown | LibraryShown | RowOpened} PageState */

/** @type {Idle} */
export const IDLE = { name: "idle" };

/** @param {PageState} state */
export function libraryOf(state) {
  return state.name === "library" || state.name === "row" ? state.library : undefined;
}

/** @param {PageState} state */
export function checkOf(state) {
  return state.name === "checking" || state.name === "row" ? state.check : undefined;
}

/** @param {PageState} state */
export function runOf(state) {
  return state.name === "library" || state.name === "row" ? state.run : undefined;
}

/** @param {LibraryCheck} library @returns {LibraryShown} */
export function libraryGiven(library) {
  return { name: "library", library, run: undefined, lastRow: undefined };
}

/** @param {PageState} state @param {AbortController} check @returns {PageState} */
export function checkStarted(state, check) {
  return state.name === "row" ? { ...state, check } : { name: "checking", check };
}

/** @param {PageState} state @param {boolean} hasReport @returns {PageState} */
export function checkEnded(state, hasReport) {
  if (state.name === "row") return { ...state, check: undefined };
  if (state.name === "checking") return hasReport ? { name: "report" } : IDLE;
  return state;
}

/** @param {LibraryShown} state @param {AbortController} run @returns {LibraryShown} */
export function runStarted(state, run) {
  return { ...state, run };
}

/** @param {PageState} state @returns {PageState} */
export function runEnded(state) {
  return state.name === "library" || state.name === "row" ? { ...state, run: undefined } : state;
}

/** @param {LibraryShown} state @param {Row} row @returns {RowOpened} */
export function rowOpened({ library, run }, row) {
  return { name: "row", library, run, row, check: undefined };
}

/** @param {RowOpened} state @returns {LibraryShown} */
export function rowClosed({ library, run, row }) {
  return { name: "library", library, run, lastRow: row };
}

/** @param {PageState} state @returns {Idle | LibraryShown} */
export function workStopped(state) {
  if (state.name === "row") return { ...rowClosed(state), run: undefined };
  return state.name === "library" ? { ...state, run: undefined } : IDLE;
}
