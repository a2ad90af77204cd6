/**
 * Shows that the tests can fail: each mutant is one fault put into a copy of the site, and the tests that it names must not
 * pass with it. Slow; for whoever changes the tests.
 *
 *     cargo xtask web && npm run mutants [-- PATTERN]
 *
 * With a pattern only the mutants whose test or file matches. Exits with 1 if one survives. Mutants of the packed package need the
 * tarball of `cargo xtask check packed`.
 */

import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const TARGET = fileURLToPath(new URL("../../target", import.meta.url));
const SITE = process.env["SOUNDALIKE_SITE"] ?? join(TARGET, "site");
const PACKED = process.env["SOUNDALIKE_PACKED"] ?? join(TARGET, "packed");
const TEST_TIMEOUT_MS = 240_000;

/** Test file, a pattern for the test's name, the file of the site, what is replaced there, by what. @type {[string, string, string, string, string][]} */
const MUTANTS = [
  // The page
  ["page", "semitones higher is recognised", "verdict.js", 'text: report.left.name }', 'text: "" }'],
  ["page", "an unrelated song is different", "verdict.js", 'title: "Different songs"', 'title: "Nothing"'],
  ["page", "sound track of a video", "pkg/file.js", 'if (file.size === 0)', 'if (VIDEO_NAME.test(name)) throw undecodable(name);\n  if (file.size === 0)'],
  ["page", "the example runs", "app.js", "example/harbour-lights.mp3", "example/no-lights.mp3"],
  ["bad-input", "bad file \\(empty\\)", "pkg/file.js", "if (file.size === 0)", "if (false)"],
  ["bad-input", "bad file \\(text\\)", "pkg/file.js", "`“${name}” ${rest}`", "`It ${rest}`"],
  ["bad-input", "bad file \\(short\\)", "pkg/engine.js", "throw songError(error.code,", 'throw songError("decode-failed",'],
  ["bad-input", "bad file \\(silent\\)", "pkg/engine.js", "throw songError(error.code,", 'throw songError("decode-failed",'],
  ["bad-input", "bad file \\(mute\\)", "pkg/file.js", 'new CheckerError("decode-failed", `“${name}” ${rest}`', 'new CheckerError("crashed", `“${name}” ${rest}`'],
  ["bad-input", "bad file \\(protected\\)", "pkg/file.js", 'new CheckerError("decode-failed", `“${name}” ${rest}`', 'new CheckerError("crashed", `“${name}” ${rest}`'],
  ["bad-input", "bad file \\(foreign\\)", "app.js", "  error.hidden = true;\n  again.hidden = true;", "  again.hidden = true;"],
  ["bad-input", "bad file \\(huge\\)", "pkg/file.js", "throw undecodable(name);\n    throwIfAborted", 'throw new CheckerError("too-long", "Too large.");\n    throwIfAborted'],
  ["bad-input", "bad file \\(endless\\)", "pkg/file.js", 'throw new CheckerError("too-long", tooLongSentence', 'throw new CheckerError("crashed", tooLongSentence'],
  ["bad-input", "500 MB that can’t be checked", "pkg/file.js", "if (file.size > SMALL_FILE_BYTES)", "if (false)"],
  ["bad-input", "another one is a click away", "dropzone.js", "    this.#input.click();", ""],
  ["bad-input", "weights that can’t be loaded", "pkg/loader.js", "throw new CheckerError(code, `${what} could not be loaded. Check", "throw new Error(`${what} could not be loaded. Check"],
  ["bad-input", "an engine that can’t be loaded", "pkg/loader.js", "result.catch(() => forget(url));", ""],
  ["bad-input", "damaged weights", "pkg/engine.js", 'if (error.code === "weights-invalid")', "if (false)"],
  ["bad-input", "without WebGPU, which was insisted on", "pkg/engine.js", 'if (error.code === "backend-unavailable") {', 'if (false) {'],
  ["bad-input", "without WebAssembly SIMD", "pkg/loader.js", "if (missing.length > 0)", "if (false)"],
  ["bad-input", "an engine that stops in the middle", "app.js", "again.hidden = Boolean(zone) ||", "again.hidden = true ||"],
  ["bad-input", "an engine that stops in the middle", "pkg/link.js", "if (this.#ended) return;\n    this.#ended = reason;", "if (this.#ended) return;"],
  ["page", "a cancelled check ends at once", "app.js", "  check = undefined;\n  progressView.hide();", "  check = undefined;"],
  ["page", "two songs dropped together", "app.js", "const isPair = second &&", "const isPair = false &&"],
  ["page", "a link or text that is dropped", "dropped-files.js", "items.length === 0 && Boolean(data?.items.length)", "false"],
  ["page", "a link or text that is dropped", "style.css", ".has-result .stage:has(> #error:not([hidden])) { display: grid; min-height: 0 }", ""],
  ["page", "the keyboard reaches the zones", "index.html", '<input type="file" accept="audio/*,video/*" aria-describedby="left-details">', '<input type="file" tabindex="-1" accept="audio/*,video/*" aria-describedby="left-details">'],
  ["report", "on paper", "heatmap.js", "globalThis.onbeforeprint = () => paint(false, true);", "globalThis.onbeforeprint = () => paint();"],
  ["report", "pointing at a passage", "heatmap.js", '"data-passage": index,', ""],
  ["report", "pointing at a passage", "report-view.js", "this.#timeline?.playheads(leftSecs, rightSecs);", ""],
  ["report", "pointing at a passage", "timeline.js", 'line.setAttribute("transform",', 'line.setAttribute("data-at",'],
  ["report", "on paper the report is whole", "report-view.js", '      for (const details of opened) details.setAttribute("open", "");', ""],
  ["report", "saved as JSON and CSV", "save.js", "map((secs) => secs.toFixed(1))", "map((secs) => secs.toFixed(0))"],
  ["report", "saved as JSON and CSV", "save.js", "JSON.stringify(report))", "JSON.stringify({ ...report, at: Date.now() }))"],
  ["report", "name the files by their SHA-256", "pkg/digest.js", '"SHA-256", await', '"SHA-384", await'],
  ["page", "zones take songs before the engine", "app.js", "  zones[side].show(file);\n", "  void checker().then(() => zones[side].show(file));\n"],
  ["page", "zones take songs before the engine", "app.js", 'byId("cancel").addEventListener("click", cancel);', 'byId("cancel").addEventListener("click", () => checker().then(cancel));'],
  ["page", "nothing on the page jumps", "style.css", ".is-checking :is(.about, .bottom) { display: none }", ""],
  ["page", "nothing on the page jumps", "app.js", "  zones[side].show(file);\n", '  zones[side].show(file);\n  document.body.classList.add("has-songs");\n'],
  ["page", "no task on the main thread is long", "report-view.js", "    this.#report = report;\n", "    this.#report = report;\n    for (const end = performance.now() + 1000; performance.now() < end; );\n"],
  ["page", "no task on the main thread is long", "pkg/pieces.js", "const PIECE_SECS = 24;", "const PIECE_SECS = 2400;"],
  ["offline", "works with the network off", "service-worker.js", "return (await caches.match(keptName(request.url))) ?? answer;", "return answer;"],
  ["offline", "works with the network off", "offline.js", '"embed.html", ', ""],
  ["offline", "can be installed", "site.webmanifest", '"sizes": "any", ', ""],
  ["offline", "replaces the kept one whole", "service-worker.js", "await Promise.all(others.map((name) => caches.delete(name)));", ""],
  ["offline", "replaces the kept one whole", "service-worker.js", "  const answer = asked(request);", "  const held = await caches.match(keptName(request.url));\n  if (held) return held;\n  const answer = asked(request);"],
  ["offline", "lets its files be kept", "service-worker.js", "fetch(request, { cache: \"no-cache\" })", "fetch(request)"],
  ["offline", "lets its files be kept", "service-worker.js", 'if (!["script", "style"].includes(request.destination)) return answer;', "return answer;"],
  ["firefox", "lets its files be kept", "service-worker.js", "fetch(request, { cache: \"no-cache\" })", "fetch(request)"],
  ["kept-songs", "a song that stays is not analysed again", "app.js", "  chosen[side]?.song.free();\n  chosen[side] = {", "  for (const one of SIDES) chosen[one]?.song.free();\n  chosen[side] = {"],
  ["kept-songs", "known again by its content", "pkg/cache.js", "      if (!(bytes instanceof Uint8Array)) return undefined;", "      return undefined;"],
  ["kept-songs", "known again by its content", "kept-songs.js", "  await cache.clear();", ""],
  ["kept-songs", "where storage is denied", "pkg/cache.js", "if (!stored) this.#remember(key, bytes);", ""],
  ["kept-songs", "where storage is full", "pkg/cache.js", "lasting = kept.length === 0;", "lasting = true;"],
  ["page", "same file twice", "report-view.js", "left.song.sha256 === right.song.sha256", "left.song === right.song"],
  ["offline", "works with the network off", "service-worker.js", 'pathname.replace(/\\/index\\.html$/, "/")', "pathname"],
  ["page", "tells its stages", "progress-view.js", 'fraction < FIRST_ESTIMATE ? ""', 'true ? ""'],
  ["page", "tells its stages", "progress-view.js", "    this.#say(words[stage]);\n", ""],
  // Reports of every kind
  ["result", "the pictures lie where", "timeline.js", "passage.rightStartSecs, passage.rightEndSecs].map((secs) => (secs / right", "passage.leftStartSecs, passage.leftEndSecs].map((secs) => (secs / right"],
  ["result", "the pictures lie where", "timeline.js", "waves[side].setAttribute", "waves.left.setAttribute"],
  ["result", "the pictures lie where", "heatmap.js", "scores[row * cols + col] ?? 0);", "scores[col * cols + row + 1] ?? 0);"],
  ["result", "the pictures lie where", "heatmap.js", "const y = (secs) => 100 - (secs", "const y = (secs) => (secs"],
  ["result", "the pictures lie where", "heatmap.js", "(1 - (event.clientY - bounds.top)", "((event.clientY - bounds.top)"],
  ["result", "sentence: lower and faster", "verdict.js", "  if (pitch && speed) return", "  if (false) return"],
  ["result", "sentence: only slower", "verdict.js", "at the same pitch` : \"at", "` : \"at"],
  ["result", "sentence: a little", "format.js", 'if (part > 0 && part < 0.005) return "Less than 1 %";', ""],
  ["result", "sentence: nearly all", "format.js", 'part >= 0.995 && part < 1 ? "99 %" : percent(part)', "percent(part)"],
  ["result", "sentence: a song that is half silence", "verdict.js", "leftOutShare < LEFT_OUT_WORTH_TELLING ? []", "true ? []"],
  ["result", "without a passage", "timeline.js", 'verdict === "different" ?', "true ?"],
  ["result", "however long the names", "style.css", "height: 0; min-height: 100%; writing-mode", "writing-mode"],
  ["result", "fit on a phone", "style.css", "#result { display: grid; grid-template-columns: minmax(0, 1fr); gap", "#result { display: grid; gap"],
  ["result", "fit on a desk", "style.css", ".verdict-words .left { color: var(--left); font-weight: 650; overflow-wrap: anywhere }", ""],
  ["result", "fit on a phone", "style.css", " max-height: min(36rem, 85vh);", ""],
  ["result", "fit on a phone", "style.css", "  .passages { max-height: none; overflow: visible }\n", ""],
  ["result", "a name without end fits", "style.css", "min-width: 0; overflow-wrap: anywhere", ""],
  ["result", "a short song beside an hour", "timeline.js", "Math.max(NARROWEST,", "Math.max(1,"],
  ["result", "a short song beside an hour", "timeline.js", "Math.min(Number(from), WIDTH - width)", "Number(from)"],
  ["result", "stays lit everywhere", "report-view.js", "    this.#linking.markPlaying(index);\n", ""],
  ["result", "stays lit everywhere", "linking.js", "    kept = playing;\n    highlight", "    kept = undefined;\n    highlight"],
  ["result", "in turn, one song", "player.js", 'const together = mode === "together";', "const together = true;"],
  ["result", "can’t be played any more", "player.js", "    if (audio.error) return reject(audio.error);\n    audio.add", "    audio.add"],
  ["result", "can’t be played any more", "player.js", "      isPlayable = false;\n", ""],
  // Surroundings
  ["surroundings", "without scripts", "index.html", "noscript>", "template>"],
  ["surroundings", "knows no light-dark.. shows", "style.css", "@supports not (color: light-dark(red, red))", "@supports not (color: red)"],
  ["surroundings", "knows no light-dark.. shows", "pkg/element.js", "@supports not (color: light-dark(red, red))", "@supports not (color: red)"],
  ["surroundings", "and color-mix", "style.css", "@supports not (color: color-mix(in srgb, red, red))", "@supports not (color: red)"],
  ["surroundings", "colours of the visitor's own choice", "style.css", "  .segmented input:checked + span, .passages button.playing { background: Highlight; color: HighlightText; forced-color-adjust: none }\n", ""],
  ["surroundings", "colours of the visitor's own choice", "style.css", "  .passages li.active { outline: 2px solid Highlight }\n", ""],
  ["surroundings", "want nothing to move", "style.css", "transition: none !important; animation", "animation"],
  ["surroundings", "does not move aside", "style.css", "html { scrollbar-gutter: stable }", ""],
  ["surroundings", "over a slow connection", "app.js", '  idleWords.textContent = "Loading the example …";\n', ""],
  ["surroundings", "over a slow connection", "app.js", "  button.disabled = true;\n  error.hidden = true;\n", "  button.disabled = true;\n"],
  ["surroundings", "while the example was on its way", "app.js", "if (!chosen.left && !chosen.right && !library) choose", "choose"],
  ["surroundings", "quick check's beginning", "progress-view.js", "    if (performance.now() - this.#spokenAt < SPOKEN_EVERY_MS) return;\n", ""],
  ["surroundings", "quick check's beginning", "style.css", ".has-result .stage { display: none }", ".has-result :is(.stage, #status) { display: none }"],
  // One against many
  ["library", "a folder of 20 songs is ranked", "library-check.js", "(b.result?.score ?? 0) - (a.result?.score ?? 0)", "(a.result?.score ?? 0) - (b.result?.score ?? 0)"],
  ["library", "a folder of 20 songs is ranked", "pkg/cache.js", "      if (!(bytes instanceof Uint8Array)) return undefined;", "      return undefined;"],
  ["library", "a folder of 20 songs is ranked", "library-view.js", "    this.#redraw ??= setTimeout(() => this.#draw(), REDRAW_MS);", ""],
  ["library", "nothing but the order of the lines", "style.css", "-webkit-line-clamp: 2; overflow: hidden }", "-webkit-line-clamp: 9; overflow: hidden }"],
  ["library", "nothing but the order of the lines", "library-view.js", 'this.#body.matches(":hover")', "false"],
  ["library", "nothing but the order of the lines", "library-view.js", "if (this.#isHeldBack) this.#sortAtRest();", ""],
  ["library", "nothing but the order of the lines", "style.css", "height: 3.7em; content-visibility", "content-visibility"],
  ["library", "200 files at once", "style.css", "height: 3.7em; content-visibility: auto", "height: 3.7em"],
  ["library", "200 files at once", "library-view.js", "distance !== 0 && (isInSight(top, line) || isInSight(line.offsetTop, line))", "distance !== 0"],
  ["library", "nothing but the order of the lines", "library-view.js", "() => this.#isHeldBack && this.#sortAtRest()", "() => {}"],
  ["library", "a line opens its report", "app.js", "if (row) libraryView.focusRow(row.index);", ""],
  ["library", "a run that is cancelled", "app.js", 'byId("library-cancel").addEventListener("click", () => run?.abort());', ""],
  ["library", "a run that is cancelled", "library-check.js", 'this.rows.filter(({ state }) => state === "waiting")', "[...this.rows]"],
  ["library-ways", "with a report opened, the Escape key", "app.js", "  else if (opened) closeRow();\n", ""],
  ["library-ways", "browser’s Back leads from a report", "app.js", "  if (isWithinEntry) return;\n", ""],
  ["library-ways", "browser’s Back leads from a report", "app.js", "  if (opened) history.back();\n", ""],
  ["library-ways", "browser’s Back leads from a report", "app.js", "lastOpened && library?.rows.includes(lastOpened)", "lastOpened"],
  ["library", "how many songs are kept by now", "app.js", 'if (row.state === "done") showKeptSongsSoon();', ""],
  ["library", "time left follows from quick checks", "library-check.js", "if (!isKnown) this.#typicalSecs.push", "if (performance.now() - startedAt >= 250) this.#typicalSecs.push"],
  ["library", "time left follows from quick checks", "library-check.js", "if (!isKnown) this.#typicalSecs.push", "this.#typicalSecs.push"],
  ["library-ways", "keyboard goes from a button that vanishes", "library-view.js", "if (hadKeyboard) (", "if (false) ("],
  ["library-ways", "keyboard goes from a button that vanishes", "kept-songs.js", "if (hadKeyboard) words.focus();", ""],
  ["library", "begins with the mark of UTF-8", "save.js", "/^[=+\\-@\\t\\r]/.test(text) && !/^-\\d+(\\.\\d+)?$/.test(text)", "/^[=+@\\t\\r]|^-(?![\\d.])/.test(text)"],
  ["library-ways", "whose place it takes", "app.js", "setLibrary(songs, { leftOut, replaced });", "setLibrary(songs, { leftOut, replaced: undefined });"],
  ["library-ways", "what was left out of a folder", "app.js", "setLibrary(library.rows, library.origin)", "setLibrary(library.rows, { leftOut: 0, replaced: undefined })"],
  ["library", "the table is saved as CSV", "save.js", "const lines = [...rows].sort(byRank)", "const lines = [...rows].reverse()"],
  ["library", "200 files at once", "app.js", "setLibrary(songs.slice(1), { leftOut, replaced });", "setLibrary(songs, { leftOut, replaced });"],
  ["library-ways", "a folder can be dropped", "dropped-files.js", "entry?.isDirectory) return filesUnder", "false) return filesUnder"],
  ["library-ways", "a folder without music", "app.js", "if (noMusic) tellError", "if (false) tellError"],
  // The element
  ["element", "nothing heavy is loaded", "pkg/element.js", "    if (!this.#shadow) this.#build();\n", "    if (!this.#shadow) this.#build();\n    this.#checker = createChecker();\n"],
  ["element", "compared with the site's reference", "pkg/element.js", '    this.#tell("soundalike-report", report);', ""],
  ["element", "two elements share one worker", "pkg/index.js", "(key !== undefined && sharedEngines.get(key))", "undefined"],
  ["element", "a bad file is an error event", "pkg/element.js", '    this.#tell("soundalike-error", error);', ""],
  ["element", "removed during its work", "pkg/element.js", "      if (this.#check) this.#cancel();\n      this.#letGoOfChecker();\n", ""],
  ["element", "nothing on the page jumps", "style.css", "sound-alike:not(:defined) { display: block; min-height: 146.4px }\n", ""],
  ["element", "moved during its work", "pkg/element.js", "      if (this.isConnected) return;\n", ""],
  ["element", "appended elsewhere", "pkg/element.js", "    if (reference === this.#taken) return;\n", ""],
  ["element", "put back some time later", "pkg/element.js", "if (this.#check) this.#cancel();", "this.#stop();"],
  ["element", "cancelled check can be begun again", "pkg/element.js", '      this.#part(".again").focus();\n', ""],
  ["element", "cancelled check can be begun again", "pkg/element.js", "if (hadKeyboard) (", "if (false) ("],
  ["element", "could not be loaded can be tried again", "pkg/element.js", 'this.#part(".again").hidden = error.side', 'this.#part(".again").hidden = true || error.side'],
  ["element", "a reference that can.t be had \\(http", "pkg/element.js", 'this.setSong("right", reference)', 'this.setSong("right", new URL(reference, document.baseURI))'],
  ["element", "in the middle of a check begins it again", "pkg/element.js", "    if (isAtWork) void this.#compare();\n", ""],
  ["element", "each snippet is copied", "embed.js", "writeText(code.textContent ?? \"\")", 'writeText("")'],
  ["element", "each snippet is copied", "embed.html", '&lt;script type="module" src="/pkg/element.js"&gt;&lt;/script&gt;\n&lt;style', "&lt;style"],
  ["element", "may not copy", "embed.js", "getSelection()?.selectAllChildren(code);", ""],
  ["element", "strictest policy.*own host", "pkg/element.js", "    shadow.adoptedStyleSheets = [sheet];", '    shadow.innerHTML = `<style>${STYLE}</style>`;'],
  ["element", "strictest policy.*another host", "pkg/spawn.js", "origin !== location.origin", "origin === ''"],
  // The package
  ["package", "samples are compared and the caller's arrays", "pkg/decode.js", "const part = new Float32Array(Math.min(PART_SAMPLES, length - from));", "const part = /** @type {Float32Array<ArrayBuffer>} */ (channels[0]?.subarray(from, from + PART_SAMPLES));"],
  ["package", "progress names the stages", "pkg/progress.js", "Math.max(this.#done.get(key) ?? 0, share * Math.min(1, stageFraction))", "share * (1 - stageFraction)"],
  ["package", "no channels as the right song", "pkg/decode.js", 'if (length === 0) throw new CheckerError("no-audio"', 'if (length === 0) throw new CheckerError("silent"'],
  ["package", "no samples as the right song", "pkg/index.js", "error.side ??= side;", ""],
  ["package", "no sample rate as the right song", "pkg/decode.js", "if (!Number.isFinite(sampleRateHz) || sampleRateHz <= 0)", "if (false)"],
  ["package", "channels of different lengths", "pkg/decode.js", "if (channels.some((channel) => channel.length !== length))", "if (false)"],
  ["package", "something that is no song", "pkg/decode.js", '"decode-failed",\n    "A song must be', '"no-audio",\n    "A song must be'],
  ["package", "a little less than three seconds", "pkg/errors.js", "Math.min(about.durationSecs, about.minSongSecs - 0.1) * 10 + 1e-6) / 10", "about.durationSecs * 10 + 0.5) / 10"],
  ["package", "more than 90 minutes", "pkg/errors.js", "Math.ceil(durationSecs / 60)", "Math.round(durationSecs / 60)"],
  ["bad-input", "too large is told its size once", "pkg/file.js", "const MAX_FILE_BYTES = 1e9;", "const MAX_FILE_BYTES = 1024 ** 3;"],
  ["report", "details name the files", "style.css", "; font-variant-ligatures: none", ""],
  ["package", "a missing address", "pkg/file.js", "if (!response.ok)", "if (false)"],
  ["package", "one second as the right song", "pkg/engine.js", "throw songError(error.code,", 'throw songError("decode-failed",'],
  ["package", "three hours is refused", "pkg/file.js", "if (durationSecs > limits.maxSongSecs)", "if (false)"],
  ["package", "no step of a check waits for a timer", "pkg/tasks.js", "    port2.postMessage(null);", "    setTimeout(resolve);"],
  ["package", "a signal that has aborted already", "pkg/errors.js", 'new CheckerError("aborted",', 'new CheckerError("crashed",'],
  ["package", "a check aborted in the middle", "pkg/engine.js", "const stop = () => link.terminate(abortedError(signal?.reason));", "const stop = () => {};"],
  ["package", "checkers share a worker", "pkg/index.js", "if (shared.users > 0) return;", ""],
  ["package", "a closed checker lets go", "pkg/index.js", "    this.#onClose();\n", ""],
  ["package", "cancelled at the stage “decode”", "pkg/index.js", "const onAbort = () => controller.abort();", "const onAbort = () => {};"],
  ["package", "cancelled at the stage “features”", "pkg/engine.js", "const stop = () => link.terminate(abortedError(signal?.reason));", "const stop = () => {};"],
  ["package", "cancelled at the stage “encode”", "pkg/engine.js", "const stop = () => link.terminate(abortedError(signal?.reason));", "const stop = () => {};"],
  ["package", "cancelled at the stage “match”", "pkg/engine.js", "      song.analysis = analysis;\n      song.enter(link, songId);\n      return analysis;", "      song.enter(link, songId);\n      return analysis;"],
  ["package", "from another origin, as from a CDN", "pkg/spawn.js", "origin !== location.origin", "origin === ''"],
  ["package", "assetsUrl names the folder", "pkg/loader.js", "if (assetsUrl !== undefined) {", "if (false) {"],
  ["analysed-songs", "large file’s SHA-256", "pkg/digest.js", "blob.size > LARGE_BYTES && ", "false && "],
  ["analysed-songs", "large file’s SHA-256", "pkg/digest.js", "  } catch {\n    return undefined;\n  } finally", "  } finally"],
  ["analysed-songs", "large file’s SHA-256", "pkg/digest.js", "    link?.terminate();\n", ""],
  ["analysed-songs", "a song's peaks", "pkg/mono.js", "    this.#samples = 0;\n    this.#peak = 0;\n", "    this.#samples = 0;\n"],
  ["analysed-songs", "a song's peaks", "pkg/mono.js", "const magnitude = Math.abs(/** @type {number} */ (part[i]));", "const magnitude = /** @type {number} */ (part[i]);"],
  ["analysed-songs", "huge file’s SHA-256", "pkg/digest.js", "blob.size > HUGE_BYTES", "false"],
  ["analysed-songs", "huge file’s SHA-256", "pkg/worker.js", "at += PART_BYTES", "at += PART_BYTES - 1"],
  ["analysed-songs", "a song that is kept is analysed once", "pkg/engine.js", "if (song.idIn(this.#link) !== undefined) return;\n      if (song.analysis &&", "if (false &&"],
  ["analysed-songs", "kept as bytes, and compared again", "pkg/song-bytes.js", "view.setFloat64(4 * peaks.length + 4, durationSecs, true);", "view.setFloat64(4 * peaks.length + 4, 1, true);"],
  ["analysed-songs", "bytes that are damaged", "pkg/song-bytes.js", "if (count > PEAK_COUNT || analysisBytes <= 0 ||", "if ("],
  ["analysed-songs", "a cache spares the second analysis", "pkg/engine.js", "cache.get(key).catch(() => undefined)", "cache.get(key)"],
  ["analysed-songs", "SongCache keeps bytes across pages", "pkg/cache.js", "void this.#run(\"readwrite\", (_, entries) => entries.put(entry(key, bytes))).catch(() => {});", ""],
  // Pieces
  ["pieces", "mp3 48 kHz: the same", "pkg/mp3-pieces.js", "from -= ((from % FRAME_STEP) + FRAME_STEP) % FRAME_STEP;", ""],
  ["pieces", "mp3 without an info frame: the same", "pkg/mp3-pieces.js", "file.slice(0, info?.offset ?? offsets[0])", "file.slice(0, info?.offset)"],
  ["pieces", "tag of another program", "pkg/mp3-frames.js", '"APETAGEX", ', ""],
  ["pieces", "wav 24 bits, 48 kHz: the same", "pkg/wav-pieces.js", "/ step) * step", ")"],
  ["pieces", "mp3 that says that it has fewer frames", "pkg/mp3-frames.js", "info.frameCount < offsets.length - 1", "false"],
  ["pieces", "mp3 with noise in its middle", "pkg/mp3-frames.js", "if (file.size - at > MAX_TRAILING_BYTES", "if (false"],
  ["pieces", "mp3 of less than 40 seconds", "pkg/mp3-pieces.js", "if (durationSecs < minSecs) return undefined;", ""],
  ["pieces", "begins a frame late", "pkg/pieces.js", "peakDifference <= MAX_DIFFERENCE", "peakDifference <= 9"],
  ["pieces", "mp3 that is too long is refused", "pkg/pieces.js", "  refuseTooLong(name, plan.samples / plan.sampleRateHz, limits);\n", ""],
  ["pieces", "flac mono, 48 kHz: the same", "pkg/marked-pieces.js", "sample % step === 0", "true"],
  ["pieces", "flac of unknown length", "pkg/flac-pieces.js", "if (statedSamples !== 0 && ", "if ("],
  ["pieces", "flac without its end", "pkg/flac-pieces.js", "if (statedSamples !== 0 && statedSamples !== samples) return undefined;", ""],
  ["pieces", "flac with a large header", "pkg/flac-pieces.js", "& 0xffffff)", "& 0xffff)"],
  ["pieces", "flac with a tag before it", "pkg/flac-pieces.js", "await offsetAfterTags(file, name)", "0"],
  ["pieces", "flac with a frame that is none", "pkg/flac-pieces.js", "first?.offset !== framesAt || first.sample !== 0 ||", "!first ||"],
  ["pieces", "m4a in fragments that count from elsewhere", "pkg/m4a-fragments.js", "flags & HAS_BASE ? uint64(header, 8) :", ""],
  ["pieces", "m4a in fragments without times", "pkg/m4a-fragments.js", "if (start && ", "if ("],
  ["pieces", "m4a in fragments:", "pkg/m4a-pieces.js", "isOpenEnded && isLast ? 0 : samples", "samples"],
  ["pieces", "m4a in fragments of 2 seconds, after an edit", "pkg/m4a-frames.js", "edit.samples = sizes.length * samplesPerFrame;", "edit.samples = sizes.length * samplesPerFrame - edit.leftOutSamples;"],
  ["pieces", "m4a in fragments, the first", "pkg/m4a-frames.js", "if (isFragmented && inHeader?.sizes.length !== 0) return undefined;", ""],
  ["pieces", "mp4 in fragments of one frame", "pkg/m4a-fragments.js", "      boxes = 0;\n", ""],
  ["pieces", "mp4 in fragments of one frame", "pkg/m4a-fragments.js", "flags & FRAMES_HAVE_SIZES ? next() : defaults.size", "next()"],
  ["pieces", "mp4 in fragments as for DASH", "pkg/m4a-fragments.js", "if (flags & RUN_HAS_OFFSET) offset = base + (next() | 0);", ""],
  ["pieces", "mp4 in fragments, with a picture", "pkg/m4a-frames.js", "    durations.shift();\n", ""],
  ["pieces", "m4a in fragments, of which one is missing", "pkg/m4a-fragments.js", "if (start && ", "if (false && "],
  ["pieces", "m4a in fragments, with two", "pkg/m4a-frames.js", "tracks.length === 1", "tracks.length > 0"],
  ["pieces", "m4a in fragments with hundreds of boxes", "pkg/m4a-fragments.js", " || boxes > MAX_BOXES", ""],
  ["pieces", "mp4 that is too long", "pkg/marked-pieces.js", "return { sampleRateHz, samples,", "return { sampleRateHz, samples: 0,"],
  ["pieces", "aac stereo", "pkg/adts-pieces.js", "settlingSamples: 0", "settlingSamples: -20000"],
  ["pieces", "aac mono, 48 kHz", "pkg/adts-pieces.js", "(lasting >>> 10)", "(lasting >>> 11)"],
  ["pieces", "aac 22.05 kHz", "pkg/adts-pieces.js", "24_000, 22_050,", "22_050, 24_000,"],
  ["pieces", "wav A-law", "pkg/wav-pieces.js", "const STAND_ALONE = [1, 3, 6, 7];", "const STAND_ALONE = [1, 3, 7];"],
  ["pieces", "wav μ-law", "pkg/wav-pieces.js", "const STAND_ALONE = [1, 3, 6, 7];", "const STAND_ALONE = [1, 3, 6];"],
  ["pieces", "aac with a tag before it", "pkg/adts-pieces.js", "await offsetAfterTags(file, name)", "0"],
  ["pieces", "aac of less than 40 seconds", "pkg/marked-pieces.js", "|| durationSecs < minSecs", ""],
  ["pieces", "aac with damage", "pkg/adts-pieces.js", "(uint32(bytes) & LASTING_BITS) >>> 0 !== lasting || ", ""],
  ["pieces", "aac with hundreds of tags", "pkg/bytes.js", "const MAX_TAGS = 16;", "const MAX_TAGS = Infinity;"],
  ["pieces", "aac that is too long", "pkg/marked-pieces.js", "return { sampleRateHz, samples,", "return { sampleRateHz, samples: 0,"],
  ["pieces", "oga FLAC stereo", "pkg/packet-codecs.js", "const FLAC_COUNT_AT = 7;", "const FLAC_COUNT_AT = 5;"],
  ["pieces", "oga FLAC mono", "pkg/mark-search.js", "const MIN_LOOK_BYTES = 320 * 1024;", "const MIN_LOOK_BYTES = 128 * 1024;"],
  ["pieces", "oga FLAC 24 bits, 96 kHz", "pkg/packet-codecs.js", "const FLAC_RATE_AT = 27;", "const FLAC_RATE_AT = 28;"],
  ["pieces", "oga FLAC that does not say", "pkg/packet-codecs.js", "(last > 0 ? last : packets.length)", "1"],
  ["pieces", "oga that is too long", "pkg/marked-pieces.js", "return { sampleRateHz, samples,", "return { sampleRateHz, samples: 0,"],
  ["pieces", "webm Opus stereo", "pkg/webm-pieces.js", "clusterHead(startTime,", "clusterHead(clusterTime,"],
  ["pieces", "webm Opus mono", "pkg/packet-codecs.js", "const OPUS_SETTLING_SAMPLES = OPUS_RATE_HZ;", "const OPUS_SETTLING_SAMPLES = 0;"],
  ["pieces", "webm Opus, live", "pkg/webm-pieces.js", "blocks[to]?.clusterTime === clusterTime", "blocks[to]"],
  ["pieces", "webm Vorbis stereo", "pkg/mark-search.js", 'countUpTo("sample",', 'countUpTo("endSample",'],
  ["pieces", "webm Vorbis mono", "pkg/webm-blocks.js", "sample: samples + (codec.isLate ? packetSamples : 0)", "sample: samples"],
  ["pieces", "webm Opus with a picture", "pkg/webm-blocks.js", "|| byteAt(bytes, contentAt) !== (0x80 | number)", ""],
  ["pieces", "mkv Vorbis with large pictures", "pkg/webm-pieces.js", "const bytes = stretches.reduce(", "const bytes = stretches.slice(1).reduce("],
  ["pieces", "mka Opus", "pkg/webm-blocks.js", "headerPacketsOf(packets) > 0", "headerPacketsOf(packets) > 2"],
  ["pieces", "webm as browsers record it", "pkg/webm-blocks.js", "(id === CLUSTER ? next : endOffset) > fileBytes", "endOffset > fileBytes"],
  ["pieces", "webm of less than 40 seconds", "pkg/marked-pieces.js", "|| durationSecs < minSecs", ""],
  ["pieces", "webm with two sound tracks", "pkg/webm-blocks.js", "|| others.length > 0", ""],
  ["pieces", "webm with lacing", "pkg/webm-blocks.js", "if (isLaced || ", "if ("],
  ["pieces", "webm with an encoding", "pkg/webm-blocks.js", " || sound.some(({ id }) => id === CONTENT_ENCODINGS)", ""],
  ["pieces", "webm without its end", "pkg/webm-blocks.js", "(id === CLUSTER ? next : endOffset) > fileBytes", "false"],
  ["pieces", "webm twice in one file", "pkg/webm-blocks.js", " || id === EBML", ""],
  ["pieces", "mka of another codec", "pkg/webm-blocks.js", "headerPacketsOf(packets) > 0", "true"],
  ["pieces", "webm with hundreds of elements", "pkg/webm-blocks.js", " && elements < MAX_ELEMENTS", ""],
  ["pieces", "webm that is too long", "pkg/marked-pieces.js", "return { sampleRateHz, samples,", "return { sampleRateHz, samples: 0,"],
  ["pieces", "flac of less than 40 seconds", "pkg/marked-pieces.js", "|| durationSecs < minSecs", ""],
  ["pieces", "flac with frames of several sizes", "pkg/flac-pieces.js", "isVariable ? number :", ""],
  ["pieces", "flac 24 bits, 96 kHz", "pkg/flac-frame.js", "at += rateCode === 12 ? 1 : rateCode > 12 ? 2 : 0;", "at += rateCode === 11 ? 1 : 0;"],
  ["pieces", "m4a stereo", "pkg/m4a-pieces.js", "duration, leftOutSamples, 0x10000", "duration, 0, 0x10000"],
  ["pieces", "m4a mono, 48 kHz", "pkg/marked-pieces.js", " && sample % step === 0", ""],
  ["pieces", "m4a that leaves nothing out", "pkg/m4a-frames.js", "if (!list) return undefined;", "if (!list) return null;"],
  ["pieces", "m4a that is too long", "pkg/marked-pieces.js", "return { sampleRateHz, samples,", "return { sampleRateHz, samples: 0,"],
  ["pieces", "ogg that is too long", "pkg/marked-pieces.js", "return { sampleRateHz, samples,", "return { sampleRateHz, samples: 0,"],
  ["pieces", "damaged songs", "pkg/pieces.js", "if (!buffer || !(await stitch.add(piece, buffer, plan.pieces[index + 1], signal))) return false;", "if (buffer) await stitch.add(piece, buffer, plan.pieces[index + 1], signal);"],
  ["pieces", "m4a with gaps", "pkg/m4a-pieces.js", "gaps.length > 0", "false"],
  ["pieces", "m4a with times beside its frames", "pkg/m4a-frames.js", "isEven &&= Math.abs(drift) < samplesPerFrame;", "isEven &&= drift === 0;"],
  ["pieces", "m4a in which the encoder found noise", "pkg/pieces.js", "(this.#isNoisy && ", "(false && "],
  ["pieces", "mp4 with a picture that moves", "pkg/m4a-pieces.js", "places.push(soundBytes + frame.offset - offset)", "places.push(soundBytes)"],
  ["pieces", "m4a of less than 40 seconds", "pkg/marked-pieces.js", "|| durationSecs < minSecs", ""],
  ["pieces", "m4a with two sound tracks", "pkg/m4a-frames.js", "tracks.length === 1", "tracks.length > 0"],
  ["pieces", "m4a of another codec", "pkg/m4a-frames.js", '!isText(description, HEAD_BYTES + VERSION_BYTES + 8, "mp4a")', "false"],
  ["pieces", "m4a without its end", "pkg/m4a-frames.js", "if (offsets.some(", "if (false && offsets.some("],
  ["pieces", "mp3 with hundreds of tags", "pkg/bytes.js", "const MAX_TAGS = 16;", "const MAX_TAGS = Infinity;"],
  ["pieces", "flac with hundreds of tags", "pkg/bytes.js", "const MAX_TAGS = 16;", "const MAX_TAGS = Infinity;"],
  ["pieces", "m4a with hundreds of boxes: ", "pkg/m4a-frames.js", "at < file.size && boxes < MAX_BOXES", "at < file.size"],
  ["pieces", "m4a with hundreds of boxes in its header", "pkg/mp4-boxes.js", " && boxes.length < MAX_BOXES", ""],
  ["pieces", "ogg Vorbis stereo", "pkg/ogg-pieces.js", "isLate ? end + samples : end", "end"],
  ["pieces", "ogg Vorbis in short pages", "pkg/ogg-pieces.js", "view.setUint32(CHECKSUM_AT, checksum(page), true);", ""],
  ["pieces", "ogg with a header of many pages", "pkg/ogg-pieces.js", "size *= 4", "size *= 400"],
  ["pieces", "ogg Opus stereo", "pkg/packet-codecs.js", "const OPUS_SETTLING_SAMPLES = OPUS_RATE_HZ;", "const OPUS_SETTLING_SAMPLES = 0;"],
  ["pieces", "opus 5 ms", "pkg/packet-codecs.js", "OPUS_MUSIC_SAMPLES[kind & 3]", "OPUS_MUSIC_SAMPLES[3]"],
  ["pieces", "opus of speech, 24 kbit/s", "pkg/packet-codecs.js", "byteAt(packet, 1) & 63]", "1]"],
  ["pieces", "ogg of two songs", "pkg/ogg-pieces.js", "serial !== serial", "serial === undefined"],
  ["pieces", "ogg twice, as one stream", "pkg/pieces.js", "if (!buffer || !(await stitch.add(piece, buffer, plan.pieces[index + 1], signal))) return false;", "if (buffer) await stitch.add(piece, buffer, plan.pieces[index + 1], signal);"],
  ["pieces", "opus of speech, 16 kbit/s", "pkg/pieces.js", "peakDifference <= MAX_DIFFERENCE", "peakDifference <= 9"],
  ["pieces", "flac with a frame too few", "pkg/pieces.js", "if (!buffer || !(await stitch.add(piece, buffer, plan.pieces[index + 1], signal))) return false;", "if (buffer) await stitch.add(piece, buffer, plan.pieces[index + 1], signal);"],
  // Faults
  ["engine-faults", "weights that can't be fetched", "pkg/loader.js", "result.catch(() => forget(url));", ""],
  ["engine-faults", "foreign and damaged weights", "pkg/engine.js", 'if (error.code === "weights-invalid")', "if (false)"],
  ["engine-faults", "a trap of the engine is a crash", "pkg/link.js", 'if (reply.type === "crashed") return this.#crash(reply.message);', 'if (reply.type === "crashed") return this.#pending.forEach(({ reject }) => reject(new EngineError("silent", "")));'],
  ["engine-faults", "self-test that fails on the CPU, too", "pkg/engine.js", 'backend === "cpu"\n          ?', 'backend === "webgpu"\n          ?'],
  ["engine-faults", "wasm that is cut short: one error", "pkg/loader.js", "if (!(cause instanceof WebAssembly.CompileError)) throw cause;", "throw cause;"],
  ["engine-faults", "wasm that is cut short: one error", "pkg/loader.js", "result.catch(() => forget(url));", ""],
  ["engine-faults", "wasm that is cut short, from a host", "pkg/loader.js", "WebAssembly.compile(await response.arrayBuffer())", "WebAssembly.compileStreaming(response)"],
  ["engine-faults", "wasm that is a page in its place", "pkg/loader.js", 'response.headers.get("content-type")?.startsWith("application/wasm")', "true"],
  ["engine-faults", "wasm that needs what the glue", "pkg/worker.js", "    } else {\n      crashed(error);", '    } else {\n      port.postMessage({ type: "failed", id, code: "silent", message: "" });'],
  ["engine-faults", "weights that are not found", "pkg/loader.js", "if (response.ok) return", "return"],
  ["engine-faults", "weights that are cut short", "pkg/engine.js", 'if (error instanceof EngineError && error.code === "weights-invalid") forgetWeights(this.#options);', ""],
  ["engine-faults", "weights that have one wrong bit", "pkg/engine.js", 'if (error instanceof EngineError && error.code === "weights-invalid") forgetWeights(this.#options);', ""],
  ["engine-faults", "weights that are of another version", "pkg/engine.js", 'if (error.code === "weights-invalid") {', "if (false) {"],
  ["engine-faults", "weights that want other features", "pkg/engine.js", 'if (error.code === "weights-invalid") {', "if (false) {"],
  ["engine-faults", "weights that lie broken in the browser's own cache", "pkg/loader.js", 'distrusted.has(url) ? "reload" : "default"', '"default"'],
  ["engine-faults", "a worker's script that is not there", "pkg/link.js", '      this.#crash(event.message ?? "the worker\'s script could not be loaded");', ""],
  ["engine-faults", "killed in the middle of a check, without a word", "pkg/worker.js", "holdLifeLock();\n\n", "\n"],
  ["engine-faults", "killed in the middle of a check, without a word", "pkg/link.js", "if (this.#ended) return;\n    this.#ended = reason;", "if (this.#ended) return;"],
  ["engine-faults", "is lost while a song comes", "pkg/engine.js", "const MAX_RECORDINGS = 2;", "const MAX_RECORDINGS = 1;"],
  ["engine-faults", "lost again and again", "pkg/engine.js", "        if (tries >= MAX_RECORDINGS) await recording.taken();\n", ""],
  ["engine-faults", "killed while nothing is asked of it", "pkg/engine.js", "if (song.analysis && (await this.#restore(song, song.analysis, options))) return;", ""],
  ["engine-faults", "killed while nothing is asked of it", "pkg/engine.js", "if (this.#link?.alive) return this.#link;", "if (this.#link) return this.#link;"],
  ["engine-faults", "memory that the page is refused", "pkg/engine.js", "if (error instanceof RangeError) {", "if (false) {"],
  ["engine-faults", "cancelled while the engine loads", "pkg/engine.js", "await untilAborted(loadEngineFiles(backend, this.#options), signal)", "await loadEngineFiles(backend, this.#options)"],
  ["engine-faults", "one error, and a shorter song works", "pkg/link.js", 'this.#crash(event.message ??', 'void (event.message ??'],
  ["webgpu-faults", "webgpu that can't be had", "pkg/engine.js", 'if (error.code === "backend-unavailable") {', 'if (false) {'],
  ["webgpu-faults", "throws in the middle of a check", "pkg/engine.js", "this.#link?.terminate(new EngineError(\"backend-unavailable\"", "return false;\n    this.#link?.terminate(new EngineError(\"backend-unavailable\""],
  ["webgpu-faults", "traps outside the call", "pkg/engine.js", '["backend-unavailable", "crashed"].includes(code)', '["backend-unavailable"].includes(code)'],
  ["webgpu-faults", "reports that its device is lost", "pkg/engine.js", '["backend-unavailable", "crashed"].includes(code)', '["crashed"].includes(code)'],
  ["webgpu-faults", "WebGPU that is absent", "pkg/loader.js", "  try {\n    const adapter = await gpu?.requestAdapter();", "  const first = await gpu.requestAdapter();\n  try {\n    const adapter = first;"],
  ["webgpu-faults", "WebGPU that has no adapter", "pkg/engine.js", 'if (error.code === "backend-unavailable") {', "if (false) {"],
  ["webgpu-faults", "WebGPU that fails when it is asked", "pkg/loader.js", '  } catch {\n    return "none";', "  } catch (error) {\n    throw error;"],
  ["webgpu-faults", "WebGPU that fails its self-test", "pkg/engine.js", '["backend-unavailable", "crashed"].includes(code)', '["crashed"].includes(code)'],
  ["webgpu-faults", "wasm for WebGPU that does not compile", "pkg/engine.js", '["backend-unavailable", "crashed"].includes(code)', '["backend-unavailable"].includes(code)'],
  ["webgpu-faults", "a worker for WebGPU that is killed", "pkg/link.js", 'this.#crash("the worker is gone")', "this.terminate()"],
  ["webgpu-faults", "device is lost in the middle", "pkg/engine.js", "if (!this.#mayUseWebgpu || this.#backend", "if (this.#started || this.#backend"],
  ["webgpu-faults", "refuses a kernel in the middle", "pkg/engine.js", "if (!this.#mayUseWebgpu || this.#backend", "if (this.#started || this.#backend"],
  ["page-faults", "the weights can't be had", "app.js", '  error.dataset["code"] = known.code;', ""],
  ["page-faults", "the engine can't be had", "pkg/loader.js", "result.catch(() => forget(url));", ""],
  ["page-faults", "the worker is killed in the middle of a check: one error with its code", "pkg/link.js", 'this.#crash("the worker is gone")', "this.terminate()"],
  ["hostile", "through the engine", "pkg/file.js", 'new CheckerError("decode-failed", `“${name}” ${rest}`', 'new CheckerError("crashed", `“${name}” ${rest}`'],
  ["hostile", "through the engine", "pkg/worker.js", "    } else {\n      crashed(error);", "    } else {"],
  // For everybody
  ["accessibility", "^start: no rule", "style.css", "--dim: light-dark(#59616b", "--dim: light-dark(#a9b1bb"],
  ["accessibility", "^one song chosen: no rule", "index.html", "<h1>Is this song too close to that one?</h1>", "<p>Is this song too close to that one?</p>"],
  ["accessibility", "^working: no rule", "index.html", 'value="0" aria-labelledby="progress-stage"', 'value="0"'],
  ["accessibility", "^result of a copy: no rule", "heatmap.js", 'role: "img", "aria-label": label', 'role: "img"'],
  ["accessibility", "^library: no rule", "style.css", "--bad: light-dark(#b3261e, #ffb4ab)", "--bad: light-dark(#ff9e96, #ffb4ab)"],
  ["accessibility", "^error: no rule", "style.css", ".stage-error strong { color: var(--bad) }", ".stage-error strong { color: var(--bad); opacity: .4 }"],
  ["accessibility", "^element with a report: no rule", "pkg/element.js", "--accent: var(--soundalike-accent, light-dark(#0b6a94", "--accent: var(--soundalike-accent, light-dark(#8bcaf4"],
  ["accessibility", "what the page is for", "index.html", 'aria-describedby="left-details"', ""],
  ["accessibility", "how far a check is", "index.html", '<button type="button" id="cancel">Cancel</button>', '<span id="cancel">Cancel</span>'],
  ["accessibility", "score, verdict, passages", "passages.js", 'button.setAttribute("aria-label",', 'button.setAttribute("title",'],
  ["accessibility", "the table with its heads", "index.html", '<caption class="visually-hidden">The songs, closest first</caption>', ""],
  ["accessibility", "told of an error at once", "index.html", 'id="error" role="alert"', 'id="error"'],
  ["accessibility", "by keyboard alone", "style.css", ":focus-visible { outline: 3px solid var(--left); outline-offset: 2px }", ":focus-visible { outline: none }"],
  ["accessibility", "by keyboard alone", "linking.js", "    kept = focused() ?? playing;\n    highlight(kept);\n", ""],
  ["accessibility", "cancelled with the Escape key", "app.js", "  if (check) cancel();", "  if (!check) cancel();"],
  ["accessibility", "numbered wherever", "heatmap.js", "String(index + 1));\n  made.dataset", '"");\n  made.dataset'],
  // What stays on the device
  ["private", "an ordinary window", "pkg/cache.js", "await this.#makeRoom(bytes.length);", 'throw new Error("no");'],
  ["private", "a private window", "index.html", "; a private window forgets it when it is closed", ""],
  ["private", "a device without room", "pkg/cache.js", "if (!stored) this.#remember(key, bytes);", ""],
  ["private", "storage that is denied by a setting", "kept-songs.js", "const where = lasting ?", "const where = true ?"],
  ["private", "Firefox with storage denied", "pkg/cache.js", "    } catch {\n      return undefined;\n    }", "    } finally {\n    }"],
  ["firefox", "semitones higher is recognised", "heatmap.js", "const { left, right, passages, matrix } = report;", "const { left, right, passages, matrix } = undefined;"],
  ["firefox", "a passage is played", "player.js", "this.#onPosition(...positions());", ""],
  ["firefox", "with its server gone", "offline.js", "...engineFiles(\"cpu\"), ...engineFiles(backend)", ""],
  ["firefox", "a cancelled check ends at once", "app.js", "  check = undefined;\n  progressView.hide();", "  check = undefined;"],
  ["firefox", "a bad file is named", "pkg/file.js", "`“${name}” ${rest}`", "`It ${rest}`"],
];

/** The same for the package as it is installed from its tarball. @type {typeof MUTANTS} */
const PACKED_MUTANTS = [
  ["packed", "a site without a build step", "engine.js", 'new URL("./worker.js", import.meta.url), { type: "module" }', 'new URL("./workers.js", import.meta.url), { type: "module" }'],
  ["packed", "a site that Vite builds", "engine.js", 'return new Worker(new URL("./worker.js", import.meta.url), { type: "module" });', 'const at = "./worker" + ".js";\n    return new Worker(new URL(at, import.meta.url), { type: "module" });'],
  ["packed", "Vite's development server", "worker.js", "request.glueUrl);", '"./wasm/cpu/nowhere.js");'],
  ["packed", "a site that webpack builds", "loader.js", 'new URL("./wasm/weights.safetensors", import.meta.url).href', 'new URL(["./wasm", "weights.safetensors"].join("/"), import.meta.url).href'],
  ["packed", "a site that esbuild builds", "loader.js", "if (assetsUrl !== undefined) {", "if (false) {"],
  ["packed", "unused imports cost nothing", "index.js", "const sharedEngines = new Map();", 'const sharedEngines = new Map();\nconsole.info("soundalike");'],
  ["packed", "unused imports cost nothing", "package.json", '"./element.js", ', ""],
  ["packed", "compiles against its types \\(bundler\\)", "index.d.ts", "compare(", "compares("],
  ["packed", "its exports and types resolve", "package.json", '"types": "./index.d.ts", "default"', '"types": "./nowhere.d.ts", "default"'],
  ["packed", "it holds what it needs", "package.json", '"type": "module"', '"type": "module", "scripts": { "install": "true" }'],
  ["packed", "held to its hash", "errors.js", "export class CheckerError", "export /* changed */ class CheckerError"],
];

const wanted = new RegExp(process.argv[2] ?? ".", "i");
const survivors = [];
for (const mutant of [...MUTANTS, ...PACKED_MUTANTS]) {
  const [file, test, path, piece, by] = mutant;
  if (!wanted.test(`${file}: ${test}  (${path})`)) continue;
  const work = mkdtempSync(join(tmpdir(), "soundalike-mutant-"));
  try {
    const environment = file === "packed" ? mutatedTarball(work, path, piece, by) : { SOUNDALIKE_SITE: mutatedSite(work, path, piece, by) };
    const folder = file === "packed" ? join(HERE, "../packed") : HERE;
    const run = spawnSync("node", ["--test", `--test-timeout=${TEST_TIMEOUT_MS}`, "--test-reporter=tap", `--test-name-pattern=${test}`, `${file}.test.js`], {
      cwd: folder,
      env: { ...process.env, ...environment },
      encoding: "utf8",
    });
    const ran = run.stdout.split("\n").filter((line) => /^ {4}(not )?ok /.test(line) && !line.includes("# SKIP"));
    // A test that waits for what never comes can't pass either, but a slow machine looks the same.
    if (run.stdout.includes("testTimeoutFailure")) {
      console.log(`timed out ${file}: ${test}  (${path})`);
      continue;
    }
    if (ran.length === 0) throw new Error(`no test of ${file} is named ${test}:\n${run.stdout}`);
    const failed = ran.filter((line) => line.includes("not ok"));
    if (failed.length === 0) survivors.push(mutant);
    console.log(`${failed.length > 0 ? "killed  " : "SURVIVED"}  ${file}: ${test}  (${path}: ${piece.trim().split("\n")[0]})`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
console.log(`${survivors.length} survived`);
process.exitCode = survivors.length > 0 ? 1 : 0;

/** A copy of the site with the fault in it; what is large is only linked. @param {string} work @param {string} path @param {string} piece @param {string} by */
function mutatedSite(work, path, piece, by) {
  const site = join(work, "site");
  cpSync(SITE, site, { recursive: true, filter: (source) => !source.endsWith("/pkg/wasm") });
  symlinkSync(join(SITE, "pkg/wasm"), join(site, "pkg/wasm"));
  edit(join(site, path), piece, by);
  return site;
}

/** The tarball with the fault in it. @param {string} work @param {string} path @param {string} piece @param {string} by */
function mutatedTarball(work, path, piece, by) {
  const name = existsSync(PACKED) && readdirSync(PACKED).find((one) => one.endsWith(".tgz"));
  if (!name) throw new Error(`no tarball in ${PACKED}: run \`cargo xtask check packed\` first`);
  execFileSync("tar", ["-xzf", join(PACKED, name), "-C", work]);
  edit(join(work, "package", path), piece, by);
  execFileSync("tar", ["-czf", join(work, name), "-C", work, "package"]);
  cpSync(join(PACKED, "cdn.html"), join(work, "cdn.html"));
  return { SOUNDALIKE_PACKED: work };
}

/** Every place where the piece stands; there must be one. @param {string} path @param {string} piece @param {string} by */
function edit(path, piece, by) {
  const text = readFileSync(path, "utf8");
  if (!text.includes(piece)) throw new Error(`${path} holds no ${piece}`);
  writeFileSync(path, text.replaceAll(piece, () => by));
}
