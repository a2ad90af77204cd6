/**
 * Panel: the part of `<sound-alike>` that asks the visitor for consent, searches the catalogue, and
 * shows what was found. It is loaded with the first song, if the element names a catalogue.
 */

import { CheckerError } from "../shared/errors.js";
import { element } from "../shared/dom.js";
import { clock, strongerAnswer } from "../shared/format.js";
import { generalSentence } from "./consent.js";
import { serviceUrl } from "./service.js";

/** @import { CatalogueAnswer, Checker, FoundSong, Progress, Song } from "../index.js" */

/**
 * @typedef {Object} PanelOptions
 * @property {string} url of the service
 * @property {Song} song
 * @property {() => Promise<Checker>} checker with the catalogue
 * @property {(type: string, detail: unknown) => void} tell dispatches an event
 */

const STYLE = `
  .catalogue { display: grid; gap: 8px; padding-top: 6px }
  .catalogue > button { justify-self: start }
  .catalogue ol { display: grid; gap: 6px }
  .catalogue ol ol { gap: 0 }
  .catalogue li { overflow-wrap: anywhere }
`;

/** @type {WeakSet<Document | ShadowRoot>} */
const styled = new WeakSet();

/**
 * Offers a search, and does it if the visitor agrees.
 * @param {HTMLElement} place
 * @param {PanelOptions} options
 * @returns {() => void} ends the work, and takes all away
 */
export function offerSearch(place, options) {
  const root = /** @type {ShadowRoot} */ (place.getRootNode());
  if (!styled.has(root)) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
    styled.add(root);
  }
  const panel = new Panel(place, options);
  panel.offer();
  return () => panel.end();
}

class Panel {
  #place;
  #options;
  /** @type {AbortController | undefined} */
  #search;
  /** Whether a search got as far as sending numbers of this song. */
  #wasSent = false;

  /** @param {HTMLElement} place @param {PanelOptions} options */
  constructor(place, options) {
    this.#place = place;
    this.#options = options;
  }

  /** Shows what would be sent, and a button. @param {Node[]} before shown above */
  offer(...before) {
    let service;
    try {
      service = serviceUrl(this.#options.url);
    } catch (error) {
      return this.#fail(error);
    }
    const sentence = element("p", { class: "consent", part: "consent" }, generalSentence(service.host, this.#wasSent));
    const button = element("button", { part: "button", type: "button" }, "Agree and search");
    button.addEventListener("click", () => void this.#begin(service.host));
    this.#show(...before, sentence, button);
  }

  end() {
    this.#search?.abort();
    this.#search = undefined;
    this.#place.replaceChildren();
    this.#place.hidden = true;
  }

  /** @param {string} host */
  async #begin(host) {
    const mine = new AbortController();
    this.#search = mine;
    const progress = element("progress", { part: "progress", max: "1", value: "0", "aria-label": "Searching" });
    const cancel = element("button", { part: "button", type: "button" }, "Cancel");
    cancel.addEventListener("click", () => {
      mine.abort();
      this.#search = undefined;
      this.offer();
      this.#focus("button");
    });
    this.#show(element("div", { class: "work" }, progress, cancel));
    cancel.focus();
    try {
      const checker = await this.#options.checker();
      const answer = await checker.findInCatalogue(this.#options.song, {
        // The button was clicked under the sentence that says what is sent.
        agree: () => {
          const isMine = this.#search === mine;
          this.#wasSent ||= isMine;
          return isMine;
        },
        signal: mine.signal,
        onProgress: (/** @type {Progress} */ { fraction }) => (progress.value = Math.max(progress.value, fraction)),
      });
      if (this.#search !== mine) return;
      this.#show(...answerNodes(host, answer));
      this.#options.tell("soundalike-catalogue", answer);
      this.#focus(".found");
    } catch (error) {
      if (this.#search === mine) this.#fail(error);
    }
  }

  /** @param {unknown} cause */
  #fail(cause) {
    const error =
      cause instanceof CheckerError
        ? cause
        : new CheckerError("crashed", "Something went wrong. Try again.", { cause });
    const message = element("p", { class: "error", part: "error", role: "alert" }, error.message);
    // Another try sends again, so that it needs the sentence again. Some errors stay.
    if (this.#search && error.code !== "catalogue-mismatch") this.offer(message);
    else this.#show(message);
    this.#options.tell("soundalike-error", error);
  }

  /** @param {Node[]} nodes */
  #show(...nodes) {
    this.#place.replaceChildren(...nodes);
    this.#place.hidden = false;
  }

  /** @param {string} selector */
  #focus(selector) {
    /** @type {HTMLElement | null} */ (this.#place.querySelector(selector))?.focus();
  }
}

/** @param {string} host @param {CatalogueAnswer} answer @returns {Node[]} */
function answerNodes(host, { songs, candidates }) {
  const compared = candidates.filter(({ report }) => report);
  const matches = compared.filter(({ report }) => report && isMatch(report));
  const shown = compared.length > 0 ? matches : candidates;
  const summary = element(
    "p",
    { class: "found", part: "verdict", role: "status", tabindex: "-1" },
    summaryWords(host, { songs, candidates: candidates.length, compared: compared.length, matches: matches.length }),
  );
  const list = element("ol", { part: "passages" }, ...shown.map(songNode));
  return shown.length > 0 ? [summary, list] : [summary];
}

/** @param {NonNullable<FoundSong["report"]>} report */
function isMatch(report) {
  return report.verdict !== "different" || strongerAnswer(report).isComposition;
}

/**
 * @param {string} host
 * @param {{ songs: number, candidates: number, compared: number, matches: number }} counts
 */
function summaryWords(host, { songs, candidates, compared, matches }) {
  const catalogue = `the catalogue of ${host}`;
  if (songs === 0) return `The catalogue of ${host} is empty.`;
  if (candidates === 0) return `No match was found among the ${songs} songs in ${catalogue}.`;
  if (compared === 0)
    return (
      `These of the ${songs} songs in ${catalogue} resemble yours most. ` +
      "They were not compared with it, and may be other music."
    );
  const among = `compared with yours: ${compared} of the ${songs} songs in ${catalogue}`;
  if (matches === 0) return `No match was found (${among}).`;
  return `${matches === 1 ? "One song matches" : `${matches} songs match`} (${among}).`;
}

/** @param {FoundSong} song */
function songNode({ name, report, places }) {
  if (!report) {
    const words = places.map(({ querySecs, songSecs }) => `${clock(querySecs)} ↔ ${clock(songSecs)}`).join(", ");
    return element("li", {}, name, element("div", { class: "dim" }, words));
  }
  const { scoreText, title } = strongerAnswer(report);
  const passages = [...report.passages, ...report.composition.passages].map((passage) => {
    const { leftStartSecs, leftEndSecs, rightStartSecs, rightEndSecs } = passage;
    const left = `${clock(leftStartSecs)} – ${clock(leftEndSecs)}`;
    const right = `${clock(rightStartSecs)} – ${clock(rightEndSecs)}`;
    return element("li", { class: "dim" }, `${left} ↔ ${right}`);
  });
  const score = element("span", { class: "score", part: "score" }, scoreText);
  return element("li", {}, score, ` ${title}: ${name}`, element("ol", {}, ...passages));
}
