/**
 * Library view: the ranked table of one song against many, its progress, and buttons that open the
 * reports.
 */

import { byId, element } from "../shared/dom.js";
import { clock, durationWords, fileSize, percent, shareText } from "../shared/format.js";
import { byRank } from "./library-check.js";
import { evidenceWords, mixesOf, strongerAnswer } from "../pkg/shared/format.js";

/** @typedef {import("./library-check.js").LibraryCheck} LibraryCheck */
/** @typedef {import("./library-check.js").Row} Row */

/** Shortest time between two updates of the table while results arrive. */
const REDRAW_MS = 120;
/** Duration of the animation that moves a line to its new place. */
const MOVE_MS = 260;
/** A pointer that has not moved for this long is unlikely to click. */
const REST_MS = 1000;

export class LibraryView {
  #root = byId("library");
  #title = byId("library-title");
  #words = byId("library-words");
  #bar = /** @type {HTMLProgressElement} */ (byId("library-bar"));
  #time = byId("library-time");
  #body = byId("library-rows");
  #status;
  #onOpen;
  /** @type {LibraryCheck | undefined} */
  #library;
  /** @type {Map<number, HTMLTableRowElement>} */
  #lines = new Map();
  /** @type {Set<Row>} */
  #changed = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #redraw;
  /** Whether sorting was put off because the pointer is over the table. */
  #isHeldBack = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #rest;
  #spokenAt = 0;

  /**
   * @param {HTMLElement} status announces the progress to screen readers
   * @param {(row: Row) => void} onOpen called when the full report of a row is requested
   */
  constructor(status, onOpen) {
    this.#status = status;
    this.#onOpen = onOpen;
    this.#body.addEventListener("pointerleave", () => this.#library && this.#sort(this.#library.rows));
    this.#body.addEventListener("pointermove", () => this.#isHeldBack && this.#sortAtRest());
  }

  get isShown() {
    return !this.#root.hidden;
  }

  /** @param {LibraryCheck} library @param {string} name of your song */
  show(library, name) {
    this.#library = library;
    const { leftOut, replaced } = library.origin;
    this.#lines = new Map(library.rows.map((row) => [row.index, this.#line(row)]));
    this.#body.replaceChildren(...this.#lines.values());
    const bytes = library.rows.reduce((sum, { file }) => sum + file.size, 0);
    this.#title.replaceChildren(element("b", { class: "left" }, name), ` against ${songs(library.rows.length)}`);
    const room = replaced ? `“${replaced}” made room for them` : "";
    const others =
      leftOut > 0
        ? `${leftOut} other ${leftOut === 1 ? "file" : "files"} left out, as no browser plays such files`
        : "";
    byId("library-left-out").textContent = [fileSize(bytes), room, others].filter(Boolean).join("; ");
    this.#bar.max = library.rows.length;
    this.#summarise();
    this.reveal();
  }

  reveal() {
    this.#root.hidden = false;
  }

  hide() {
    this.#root.hidden = true;
  }

  /** @param {boolean} isRunning */
  markRunning(isRunning) {
    this.#root.classList.toggle("running", isRunning);
    const [cancel, goOn] = [byId("library-cancel"), byId("library-continue")];
    const hadKeyboard = [cancel, goOn].some((button) => button === document.activeElement);
    cancel.hidden = !isRunning;
    goOn.hidden = isRunning || !this.#library || this.#library.ended === this.#library.rows.length;
    // Focus of a button that is hidden goes to the button in its place, or to the table.
    if (hadKeyboard) ([cancel, goOn].find(({ hidden }) => !hidden) ?? this.#root).focus({ preventScroll: true });
    this.#draw();
    if (this.#isHeldBack) this.#sortAtRest();
    if (!isRunning) this.#status.textContent = this.#words.textContent;
  }

  /** @param {Row} row */
  update(row) {
    this.#changed.add(row);
    this.#redraw ??= setTimeout(() => this.#draw(), REDRAW_MS);
  }

  /** Moves the focus to where it was before the report was opened. @param {number} index */
  focusRow(index) {
    this.#lines.get(index)?.querySelector("button")?.focus();
  }

  #draw() {
    clearTimeout(this.#redraw);
    this.#redraw = undefined;
    const library = this.#library;
    if (!library) return;
    for (const row of this.#changed) this.#fill(/** @type {HTMLTableRowElement} */ (this.#lines.get(row.index)), row);
    const moved = [...this.#changed].some(({ state }) => state !== "working");
    this.#changed.clear();
    if (moved) this.#sort(library.rows);
    this.#summarise();
  }

  /** Sorts after the run, when the pointer has not moved for `REST_MS`, wherever it is. */
  #sortAtRest() {
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => {
      if (this.#library && !this.#root.classList.contains("running")) this.#sort(this.#library.rows, true);
    }, REST_MS);
  }

  /**
   * Numbers the lines by rank and sorts them, but not while the pointer is over them: a click would
   * hit another line. Only the lines that must move are moved, so that the focused one keeps the
   * focus.
   * @param {Row[]} rows
   * @param {boolean} [isAtRest] the pointer does not move, so that it may be over the lines
   */
  #sort(rows, isAtRest = false) {
    const sorted = [...rows].sort(byRank);
    const lines = sorted.map(({ index }) => /** @type {HTMLTableRowElement} */ (this.#lines.get(index)));
    let rank = 0;
    lines.forEach((line, place) => {
      const cell = line.cells[0];
      const words = sorted[place]?.state === "done" ? String(++rank) : "";
      if (cell && cell.textContent !== words) cell.textContent = words;
    });
    this.#isHeldBack = !isAtRest && this.#body.matches(":hover") && matchMedia("(hover: hover)").matches;
    if (this.#isHeldBack) return;
    const tops = new Map(lines.map((line) => [line, line.offsetTop]));
    let next = this.#body.firstElementChild;
    for (const line of lines) {
      if (line === next) next = line.nextElementSibling;
      else this.#body.insertBefore(line, next);
    }
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const origin = this.#body.getBoundingClientRect().top - (lines[0]?.offsetTop ?? 0);
    /** @param {number} top @param {HTMLElement} line */
    const isInSight = (top, line) => origin + top < innerHeight && origin + top + line.offsetHeight > 0;
    for (const [line, top] of tops) {
      const distance = top - line.offsetTop;
      if (distance !== 0 && (isInSight(top, line) || isInSight(line.offsetTop, line)))
        line.animate([{ transform: `translateY(${distance}px)` }, { transform: "none" }], {
          duration: MOVE_MS,
          easing: "ease-out",
        });
    }
  }

  #summarise() {
    const library = this.#library;
    if (!library) return;
    const { rows, ended } = library;
    const done = rows.filter(({ state }) => state === "done");
    const failed = rows.filter(({ state }) => state === "failed").length;
    const matches = done.filter(({ result }) => result && isMatch(result)).length;
    const found =
      done.length === 0 ? "" : matches === 0 ? "no match" : `${matches} ${matches === 1 ? "match" : "matches"}`;
    const bad = failed === 0 ? "" : `${failed} can’t be checked`;
    const counted = ended === rows.length ? `All ${rows.length} checked` : `${ended} of ${rows.length} checked`;
    this.#words.textContent = [counted, found, bad].filter(Boolean).join(" · ");
    this.#bar.value = rows.reduce((sum, { fraction }) => sum + fraction, 0);
    const secs = library.remainingSecs;
    this.#time.textContent =
      secs === undefined || ended === rows.length || !this.#root.classList.contains("running")
        ? ""
        : durationWords(secs);
    if (performance.now() - this.#spokenAt > 10_000) {
      this.#spokenAt = performance.now();
      this.#status.textContent = this.#words.textContent;
    }
  }

  /** @param {Row} row */
  #line(row) {
    const button = element("button", { class: "link", type: "button", title: row.file.name }, row.file.name);
    button.addEventListener("click", () => this.#onOpen(row));
    const name = element("th", { scope: "row" }, button, element("small", { class: "folder" }, row.folder));
    const line = element(
      "tr",
      {},
      element("td", { class: "rank" }),
      name,
      element("td", { class: "score" }),
      element("td", { class: "verdict-cell" }),
      element("td", { class: "where" }),
    );
    // On a phone the lines are laid out as cards, and some browsers then drop the roles of a table.
    line.setAttribute("role", "row");
    for (const cell of line.cells) cell.setAttribute("role", cell === name ? "rowheader" : "cell");
    // The pointer may click anywhere in the line; the keyboard uses the button.
    line.addEventListener("click", (event) => {
      if (row.state === "done" && !(event.target instanceof HTMLButtonElement)) this.#onOpen(row);
    });
    this.#fill(line, row);
    return line;
  }

  /** @param {HTMLTableRowElement} line @param {Row} row */
  #fill(line, row) {
    const [, name, score, verdict, where] = line.cells;
    const button = name?.querySelector("button");
    if (!score || !verdict || !where || !button) return;
    line.className = row.state;
    button.disabled = row.state !== "done";
    if (row.state === "done" && row.result) {
      const { result } = row;
      const answer = strongerAnswer(result);
      line.dataset["band"] = (answer.isComposition && result.composition.verdict) || result.verdict;
      const bar = element("span", { class: "score-bar" });
      bar.style.setProperty("--score", String(answer.score));
      score.replaceChildren(element("b", {}, answer.scoreText), bar);
      verdict.textContent = answer.title;
      where.replaceChildren(element("div", { class: "clamp" }, ...whereWords(row)));
    } else {
      delete line.dataset["band"];
      score.replaceChildren();
      verdict.textContent =
        row.state === "failed" ? "Can’t be checked" : row.state === "working" ? `${percent(row.fraction)}` : "";
      where.replaceChildren(element("div", { class: "clamp" }, ...(row.note ? [noteWords(row)] : [])));
    }
  }
}

/**
 * The longest passage, and how much of the song all of them cover.
 * @param {Row} row
 * @returns {(string | Node)[]}
 */
function whereWords(row) {
  const { result, note } = row;
  const words = note ? [noteWords(row)] : [];
  if (!result) return words;
  const composition = strongerAnswer(result).isComposition ? result.composition : undefined;
  if (!composition && result.passages.length === 0 && result.verdict !== "different")
    words.push(element("span", { class: "note" }, "No single passage stands out"));
  const longest = longestOf(composition?.passages) ?? longestOf(result.passages);
  if (!longest) return words;
  const { leftStartSecs, leftEndSecs, rightStartSecs, rightEndSecs } = longest;
  const times = element(
    "span",
    { class: "times" },
    element("span", { class: "left" }, `${clock(leftStartSecs)} – ${clock(leftEndSecs)}`),
    " ↔ ",
    element("span", { class: "right" }, `${clock(rightStartSecs)} – ${clock(rightEndSecs)}`),
  );
  const count = (composition ?? result).passages.length;
  const more = count > 1 ? ` and ${count - 1} more` : "";
  if (words.length === 0) words.push(element("span", { class: "note" }, sharedWords(result, composition)));
  return [element("span", { class: "longest" }, times, more), ...words];
}

/**
 * What is shared with your song, and how much of it.
 * @param {NonNullable<Row["result"]>} result
 * @param {import("../pkg/index.js").Report["composition"] | undefined} composition if it is the
 *   stronger answer
 */
function sharedWords({ left, passages }, composition) {
  const same = longestOf(composition?.passages);
  if (composition && same) return evidenceWords(same, composition);
  const longest = longestOf(passages);
  const mix = longest && mixesOf(longest);
  return `${shareText(left.coverage)} of your song${mix?.left || mix?.right ? ", in a mix" : ""}`;
}

/**
 * @template {{ leftStartSecs: number, leftEndSecs: number }} P
 * @param {P[]} [passages]
 */
function longestOf(passages = []) {
  return [...passages].sort((a, b) => b.leftEndSecs - b.leftStartSecs - (a.leftEndSecs - a.leftStartSecs))[0];
}

/** @param {NonNullable<Row["result"]>} result */
function isMatch(result) {
  return result.verdict !== "different" || strongerAnswer(result).isComposition;
}

/** The note about the file without the file's name, which is shown beside it. @param {Row} row */
function noteWords({ note, file }) {
  const words = note.replace(`“${file.name}” `, "");
  return element("span", { class: "note", title: note }, words.charAt(0).toUpperCase() + words.slice(1));
}

/** @param {number} count */
function songs(count) {
  return `${count} ${count === 1 ? "song" : "songs"}`;
}
