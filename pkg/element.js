/**
 * `<sound-alike>`: a song check for any page.
 *
 * ```html
 * <script type="module" src="https://your.host/soundalike/element.js"></script>
 * <sound-alike reference="/songs/original.mp3"></sound-alike>
 * ```
 *
 * Attributes: `reference`, the address of the right song (without it the visitor chooses both);
 * `backend`, as in `createChecker`; `assets`, its `assetsUrl`; `catalogue`, the address of a
 * catalogue's service, which the visitor may search instead. Events, all bubbling and composed:
 * `soundalike-progress`, `soundalike-report`, `soundalike-catalogue`, `soundalike-error`, with the
 * object in `detail`.
 *
 * Nothing large is loaded before the visitor gives a song. All elements of a page with the same
 * backend share their workers and one model.
 *
 * Parts: `zone`, `name`, `progress`, `button`, `error`, `report`, `score`, `verdict`, `passages`,
 * `consent`.
 * Custom properties: `--soundalike-ink`, `--soundalike-dim`, `--soundalike-paper`,
 * `--soundalike-line`, `--soundalike-accent`, `--soundalike-radius`. Slots: `left`, `right`, the
 * invitations in the zones.
 */

import { reportParts } from "./element/report.js";
import { buildShadow } from "./element/shadow.js";
import { CheckerError, Song, createChecker } from "./index.js";

/** @import { Checker, Progress, Report } from "./index.js" */
/** @import { Side } from "./shared/errors.js" */

/** On a server there are no elements, but the module can be imported. */
const Base = globalThis.HTMLElement ?? /** @type {typeof HTMLElement} */ (class {});

export class SoundalikeElement extends Base {
  static observedAttributes = ["reference", "backend", "assets", "catalogue"];

  /** @type {Partial<Record<Side, Song>>} */
  #songs = {};
  /** @type {Promise<Checker> | undefined} */
  #checker;
  /** @type {AbortController | undefined} */
  #check;
  /** @type {Report | undefined} */
  #report;
  /** @type {ShadowRoot | undefined} */
  #shadow;
  /** The value of `reference` that the right song was made from. @type {string | null} */
  #taken = null;
  /** Takes the offer to search the catalogue away. @type {(() => void) | undefined} */
  #endOffer;

  /** The report on show, if there is one. */
  get report() {
    return this.#report;
  }

  get reference() {
    return this.getAttribute("reference");
  }

  /** @param {string | null | undefined} url */
  set reference(url) {
    this.#setOrRemove("reference", url);
  }

  /** @returns {"auto" | "cpu" | "webgpu"} */
  get backend() {
    const backend = this.getAttribute("backend");
    return backend === "cpu" || backend === "webgpu" ? backend : "auto";
  }

  /** @param {"auto" | "cpu" | "webgpu" | null | undefined} backend */
  set backend(backend) {
    this.#setOrRemove("backend", backend);
  }

  get assets() {
    return this.getAttribute("assets");
  }

  /** @param {string | null | undefined} url */
  set assets(url) {
    this.#setOrRemove("assets", url);
  }

  get catalogue() {
    return this.getAttribute("catalogue");
  }

  /** @param {string | null | undefined} url */
  set catalogue(url) {
    this.#setOrRemove("catalogue", url);
  }

  connectedCallback() {
    this.#takeEarlyProperties();
    if (!this.#shadow) this.#build();
    this.#takeReference();
    this.#showZones();
    if (!this.#endOffer) void this.#offerCatalogue();
  }

  /**
   * An element that is only moved is connected again before the promise resolves; its work goes on.
   */
  disconnectedCallback() {
    void Promise.resolve().then(() => {
      if (this.isConnected) return;
      this.#withdrawOffer();
      if (this.#check) this.#cancel();
      this.#releaseChecker();
    });
  }

  /** If this method exists, even empty, `moveBefore` calls neither of the two above. */
  connectedMoveCallback() {}

  /** Properties that were set before the element was defined hide the accessors of its class. */
  #takeEarlyProperties() {
    for (const name of /** @type {("reference" | "backend" | "assets" | "catalogue")[]} */ (
      SoundalikeElement.observedAttributes
    )) {
      if (!Object.getOwnPropertyDescriptor(this, name)) continue;
      const value = /** @type {any} */ (this[name]);
      delete (/** @type {any} */ (this)[name]);
      this[name] = value;
    }
  }

  /**
   * Frameworks set a property to `undefined` or `null` for what is absent.
   * @param {string} name @param {unknown} value
   */
  #setOrRemove(name, value) {
    if (value === undefined || value === null) this.removeAttribute(name);
    else this.setAttribute(name, String(value));
  }

  /** @param {string} name @param {string | null} before @param {string | null} after */
  attributeChangedCallback(name, before, after) {
    if (before === after || !this.isConnected || !this.#shadow) return;
    if (name === "reference") return this.#takeReference();
    const isAtWork = this.#check !== undefined;
    if (isAtWork) this.#stop();
    this.#releaseChecker();
    this.#showZones();
    void this.#offerCatalogue();
    if (isAtWork) void this.#compare();
  }

  /**
   * Sets a song, as if the visitor had chosen it. When both are there, the check begins.
   * @param {Side} side
   * @param {import("./index.js").SongInput | null | undefined} input without one, the song is
   *   taken away
   */
  setSong(side, input) {
    this.#stop();
    this.#songs[side]?.free();
    delete this.#songs[side];
    if (input !== undefined && input !== null) this.#songs[side] = new Song(input);
    this.#showSongs();
    if (side === "left") void this.#offerCatalogue();
    if (this.#songs.left && this.#songs.right) void this.#compare();
  }

  #build() {
    this.#shadow = buildShadow(this);
    for (const side of /** @type {Side[]} */ (["left", "right"])) this.#listenTo(this.#zone(side), side);
    this.#part(".cancel").addEventListener("click", () => {
      this.#cancel();
      this.#part(".again").focus();
    });
    this.#part(".again").addEventListener("click", () => {
      this.#stop();
      void this.#compare();
      this.#part(".cancel").focus();
    });
  }

  /** @param {HTMLElement} zone @param {Side} side */
  #listenTo(zone, side) {
    const input = /** @type {HTMLInputElement} */ (zone.querySelector("input"));
    /** @param {FileList | null | undefined} files */
    const take = (files) => {
      if (files?.[0]) this.setSong(side, files[0]);
    };
    input.addEventListener("click", () => (input.value = ""));
    input.addEventListener("change", () => take(input.files));
    zone.addEventListener("dragover", (event) => {
      event.preventDefault();
      zone.classList.add("over");
    });
    zone.addEventListener("dragleave", () => zone.classList.remove("over"));
    zone.addEventListener("drop", (event) => {
      event.preventDefault();
      zone.classList.remove("over");
      take(event.dataTransfer?.files);
    });
  }

  #takeReference() {
    // An empty one is no address: frameworks also write it for what is absent.
    const reference = this.reference || null;
    if (reference === this.#taken) return;
    // An invalid address is reported like one that can't be loaded, by the check.
    if (reference !== null) this.setSong("right", reference);
    // Without one the visitor chooses, in an empty zone.
    else if (this.#songs.right?.input === this.#taken) this.setSong("right", undefined);
    this.#taken = reference;
    this.#showZones();
  }

  /** Without a reference and a catalogue the visitor chooses both songs. */
  #showZones() {
    const isCompared = this.#taken !== null;
    this.#zone("right").hidden = isCompared || Boolean(this.catalogue);
    this.#part(".against").textContent = isCompared ? `to compare it with ${this.#songs.right?.name}` : "";
  }

  /** Offers a search in the catalogue, if there is one and a song. */
  async #offerCatalogue() {
    this.#withdrawOffer();
    const url = this.catalogue;
    const song = this.#songs.left;
    if (!url || !song) return;
    const { offerSearch } = await import("./catalogue/panel.js");
    if (!this.isConnected || url !== this.catalogue || song !== this.#songs.left) return;
    this.#withdrawOffer();
    this.#endOffer = offerSearch(this.#part(".catalogue"), {
      url,
      song,
      checker: () => this.#startedChecker(),
      tell: (type, detail) => this.#tell(type, detail),
    });
  }

  #withdrawOffer() {
    this.#endOffer?.();
    this.#endOffer = undefined;
  }

  #startedChecker() {
    const { catalogue, assets } = this;
    this.#checker ??= createChecker({
      backend: this.backend,
      ...(assets && { assetsUrl: assets }),
      ...(catalogue && { catalogue: { url: catalogue } }),
    });
    this.#forgetCheckerThatNeverStarted();
    return this.#checker;
  }

  async #compare() {
    const { left, right } = this.#songs;
    if (!left || !right) return;
    const mine = new AbortController();
    this.#check = mine;
    this.#part(".work").hidden = false;
    try {
      const checker = await this.#startedChecker();
      const report = await checker.compare(left, right, {
        signal: mine.signal,
        onProgress: (progress) => this.#check === mine && this.#showProgress(progress),
      });
      // Meanwhile the visitor may have cancelled, or the page may have removed the element.
      if (this.#check === mine) this.#showReport(report);
    } catch (cause) {
      if (this.#check === mine) this.#showError(cause);
    } finally {
      if (this.#check === mine) {
        this.#check = undefined;
        const hadFocus = this.#shadow?.activeElement === this.#part(".cancel");
        this.#part(".work").hidden = true;
        // The button that had the focus disappears.
        if (hadFocus)
          (
            [".report", ".again"].map((next) => this.#part(next)).find(({ hidden }) => !hidden) ??
            this.#zone("left").querySelector("input")
          )?.focus();
      }
    }
  }

  /** Ends the work; a button begins it again. */
  #cancel() {
    this.#stop();
    this.#part(".again").hidden = false;
  }

  #stop() {
    this.#check?.abort();
    this.#check = undefined;
    this.#report = undefined;
    if (!this.#shadow) return;
    for (const selector of [".work", ".again", ".error", ".report"]) this.#part(selector).hidden = true;
    delete this.dataset["verdict"];
    delete this.dataset["score"];
  }

  #releaseChecker() {
    void this.#checker?.then(
      (checker) => checker.close(),
      () => {},
    );
    this.#checker = undefined;
  }

  /** @param {Progress} progress */
  #showProgress(progress) {
    /** @type {HTMLProgressElement} */ (this.#part("progress")).value = progress.fraction;
    this.#tell("soundalike-progress", progress);
  }

  /** @param {Report} report */
  #showReport(report) {
    this.#report = report;
    this.dataset["verdict"] = report.verdict;
    this.dataset["score"] = String(report.score);
    this.#part(".report").replaceChildren(...reportParts(report));
    this.#part(".report").hidden = false;
    this.#tell("soundalike-report", report);
  }

  /** @param {unknown} cause */
  #showError(cause) {
    const error =
      cause instanceof CheckerError
        ? cause
        : new CheckerError("crashed", "Something went wrong. Try again.", { cause });
    this.#part(".error").textContent = error.message;
    this.#part(".error").hidden = false;
    // An error that another song would not avoid can be tried again.
    this.#part(".again").hidden = error.side === "left" || (error.side === "right" && this.#taken === null);
    this.#tell("soundalike-error", error);
  }

  /** A checker that failed to start is forgotten, so that the next song tries again. */
  #forgetCheckerThatNeverStarted() {
    const promise = this.#checker;
    promise?.catch(() => {
      if (this.#checker === promise) this.#checker = undefined;
    });
  }

  #showSongs() {
    for (const side of /** @type {Side[]} */ (["left", "right"])) {
      const song = this.#songs[side];
      const zone = this.#zone(side);
      zone.classList.toggle("filled", song !== undefined);
      const name = zone.querySelector(".name");
      if (name) name.textContent = song?.name ?? "";
    }
  }

  /** @param {string} type @param {unknown} detail */
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  }

  /** @param {Side} side */
  #zone(side) {
    return this.#part(`[data-side="${side}"]`);
  }

  /** @param {string} selector @returns {HTMLElement} */
  #part(selector) {
    const part = this.#shadow?.querySelector(selector);
    if (!part) throw new Error(`the element has no ${selector}`);
    return /** @type {HTMLElement} */ (part);
  }
}

if (globalThis.customElements && !customElements.get("sound-alike"))
  customElements.define("sound-alike", SoundalikeElement);
