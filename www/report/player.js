/**
 * Player: plays one passage in both songs. Together: one song per ear, the right one at the left
 * one's tempo, so that they stay in step, and a composition in the left one's key. In turn: one
 * after the other, as they are.
 */

import { rightSecsAt } from "../shared/stretches.js";

/**
 * Places of a passage, and the transposition that the right song is played without.
 * @typedef {Object} Passage
 * @property {number} leftStartSecs
 * @property {number} leftEndSecs
 * @property {number} rightStartSecs
 * @property {number} rightEndSecs
 * @property {number} transpositionSemitones
 * @property {boolean} [reversed] played backwards in the right song
 * @property {{ leftSecs: number, rightSecs: number }[]} [knots] of its time map, if it drifts
 */
/** @typedef {"together" | "in-turn"} PlayMode */
/**
 * @typedef {(leftSecs: number | undefined, rightSecs: number | undefined) => void} PositionListener
 */

/**
 * Two sounds that are closer than this are heard as one; a media element's clock is hardly more
 * exact.
 */
const AUDIBLE_SECS = 0.02;
/** Largest correction of the playback rate; few people notice it. */
const STRONGEST_CORRECTION = 0.06;
/**
 * Playback rates that browsers support, 0.5 to 2, less the correction; outside of about this range
 * they mute or refuse.
 */
const SLOWEST = 0.5 / (1 - STRONGEST_CORRECTION);
const FASTEST = 2 / (1 + STRONGEST_CORRECTION);

export class PassagePlayer {
  #left = new Audio();
  #right = new Audio();
  /**
   * @type {{ left: StereoPannerNode, right: StereoPannerNode, rightSource: AudioNode,
   *   context: AudioContext } | undefined}
   */
  #ears;
  /** @type {ReturnType<typeof import("./pitch-shift.js").pitchShift> | undefined} */
  #shift;
  /** @type {string[]} */
  #urls = [];
  #onPosition;
  #onEnd;
  /** Counts starts and stops: work that began under another number is out of date. */
  #turn = 0;

  /**
   * @param {PositionListener} onPosition
   * @param {(isPlayable: boolean) => void} onEnd the passage was played out, or could not be played
   */
  constructor(onPosition, onEnd) {
    this.#onPosition = onPosition;
    this.#onEnd = onEnd;
  }

  /** @param {Blob} left @param {Blob} right */
  load(left, right) {
    this.stop();
    for (const url of this.#urls) URL.revokeObjectURL(url);
    this.#urls = [left, right].map((blob) => URL.createObjectURL(blob));
    [this.#left.src, this.#right.src] = /** @type {[string, string]} */ (this.#urls);
  }

  stop() {
    this.#turn++;
    this.#left.pause();
    this.#right.pause();
    this.#shift?.stop();
    this.#shift = undefined;
    this.#onPosition(undefined, undefined);
  }

  /** @param {Passage} passage @param {PlayMode} mode */
  async play(passage, mode) {
    this.stop();
    const turn = this.#turn;
    const isOver = () => turn !== this.#turn;
    let isPlayable = true;
    try {
      await this.#playIn(mode, passage, isOver);
    } catch (error) {
      isPlayable = false;
      if (!isOver()) console.warn("Soundalike: the passage could not be played", error);
    }
    if (isOver()) return;
    this.stop();
    this.#onEnd(isPlayable);
  }

  /** @param {PlayMode} mode @param {Passage} passage @param {() => boolean} isOver */
  async #playIn(mode, passage, isOver) {
    const { leftStartSecs, leftEndSecs, rightStartSecs, rightEndSecs, transpositionSemitones } = passage;
    // Browsers play no sound backwards. In step, the songs would drift apart.
    const together = mode === "together" && !passage.reversed;
    this.#spread(together);
    if (together && transpositionSemitones !== 0) {
      // Few songs need it.
      const { pitchShift } = await import("./pitch-shift.js");
      if (isOver()) return;
      this.#moveUp(pitchShift, -transpositionSemitones);
    }
    const ratio = (rightEndSecs - rightStartSecs) / Math.max(0.1, leftEndSecs - leftStartSecs);
    const rates = together ? ratesInStep(ratio) : { left: 1, right: 1 };
    this.#left.playbackRate = rates.left;
    this.#right.playbackRate = rates.right;
    await Promise.all([seek(this.#left, leftStartSecs), seek(this.#right, rightStartSecs)]);
    if (isOver()) return;
    if (together) {
      await Promise.all([this.#left.play(), this.#right.play()]);
      await this.#until(leftEndSecs, this.#left, isOver, () => {
        const aheadSecs = this.#right.currentTime - rightSecsAt(passage, this.#left.currentTime);
        this.#right.playbackRate = rates.right * rateThatCatchesUp(aheadSecs);
        return [this.#left.currentTime, this.#right.currentTime];
      });
      return;
    }
    await this.#left.play();
    await this.#until(leftEndSecs, this.#left, isOver, () => [this.#left.currentTime, undefined]);
    if (isOver()) return;
    this.#left.pause();
    await this.#right.play();
    await this.#until(rightEndSecs, this.#right, isOver, () => [undefined, this.#right.currentTime]);
  }

  /**
   * Reports the positions at every frame until the audio reaches `endSecs`.
   * @param {number} endSecs
   * @param {HTMLAudioElement} audio
   * @param {() => boolean} isOver
   * @param {() => [number | undefined, number | undefined]} positions
   */
  #until(endSecs, audio, isOver, positions) {
    return new Promise((/** @type {(value?: undefined) => void} */ resolve, reject) => {
      const look = () => {
        if (isOver()) return resolve();
        if (audio.error) return reject(audio.error);
        if (audio.ended || audio.currentTime >= endSecs) return resolve();
        this.#onPosition(...positions());
        requestAnimationFrame(look);
      };
      look();
    });
  }

  /**
   * Pans one song to each ear, or both to the middle.
   * @param {boolean} apart
   */
  #spread(apart) {
    // Created at the first click: browsers allow no sound before.
    this.#ears ??= earsOf(this.#left, this.#right);
    const { left, right, rightSource, context } = this.#ears;
    void context.resume();
    left.pan.value = apart ? -1 : 0;
    right.pan.value = apart ? 1 : 0;
    rightSource.disconnect();
    rightSource.connect(right);
  }

  /**
   * Moves the right song up, which `#spread` has panned.
   * @param {typeof import("./pitch-shift.js").pitchShift} pitchShift
   * @param {number} semitones
   */
  #moveUp(pitchShift, semitones) {
    if (!this.#ears) return;
    const { right, rightSource, context } = this.#ears;
    this.#shift = pitchShift(context, semitones);
    rightSource.disconnect();
    rightSource.connect(this.#shift.input);
    this.#shift.output.connect(right);
  }
}

/** @param {HTMLAudioElement} left @param {HTMLAudioElement} right */
function earsOf(left, right) {
  const context = new AudioContext();
  const panners = [left, right].map(() => new StereoPannerNode(context));
  const [leftEar, rightEar] = /** @type {[StereoPannerNode, StereoPannerNode]} */ (panners);
  for (const ear of panners) ear.connect(context.destination);
  context.createMediaElementSource(left).connect(leftEar);
  return { left: leftEar, right: rightEar, rightSource: context.createMediaElementSource(right), context };
}

/**
 * Playback rates at which both songs go through their passages in the same time: the left one's own
 * speed, unless the right one would leave the range of the browser.
 * @param {number} ratio length of the right passage, if the left one's is 1
 */
function ratesInStep(ratio) {
  const right = Math.min(FASTEST, Math.max(SLOWEST, ratio));
  return { left: right / ratio, right };
}

/**
 * Playback rate that corrects the offset: two players start some 0.01 s apart and then drift.
 * @param {number} aheadSecs of the right one
 */
function rateThatCatchesUp(aheadSecs) {
  if (Math.abs(aheadSecs) < AUDIBLE_SECS) return 1;
  return 1 - Math.sign(aheadSecs) * Math.min(STRONGEST_CORRECTION, Math.abs(aheadSecs));
}

/** @param {HTMLAudioElement} audio @param {number} secs */
async function seek(audio, secs) {
  if (audio.readyState < HTMLMediaElement.HAVE_METADATA) await next(audio, "loadedmetadata");
  const done = next(audio, "seeked");
  audio.currentTime = secs;
  await done;
}

/** @param {HTMLAudioElement} audio @param {"loadedmetadata" | "seeked"} type */
function next(audio, type) {
  const heard = new AbortController();
  return new Promise((/** @type {(value?: undefined) => void} */ resolve, reject) => {
    // An earlier error causes no second event.
    if (audio.error) return reject(audio.error);
    audio.addEventListener(type, () => resolve(), heard);
    audio.addEventListener("error", () => reject(audio.error), heard);
  }).finally(() => heard.abort());
}
