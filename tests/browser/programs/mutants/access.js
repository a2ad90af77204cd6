/** Faults in accessibility, and in old browsers, slow networks and unusual settings. */

/** @import { Mutant } from "./mutant.js" */

/** @type {Mutant[]} */
export const ACCESS_MUTANTS = [
  ["surroundings", "without scripts", "index.html", "noscript>", "template>", 2],
  [
    "surroundings",
    "knows no light-dark.. shows",
    "pkg/element/shadow.js",
    "@supports not (color: light-dark(red, red))",
    "@supports not (color: red)",
  ],
  ["surroundings", "over a slow connection", "app.js", '  idleWords.textContent = "Loading the example …";\n', ""],
  [
    "surroundings",
    "over a slow connection",
    "app.js",
    "  button.disabled = true;\n  errorView.hide();\n",
    "  button.disabled = true;\n",
  ],
  ["surroundings", "while the example was loading", "app.js", "if (hasNoSongs())\n      choose", "choose"],
  [
    "surroundings",
    "verdict of a quick check",
    "shared/progress-view.js",
    "    if (performance.now() - this.#spokenAt < SPOKEN_EVERY_MS) return;\n",
    "",
  ],
  [
    "accessibility",
    "^one song chosen: no rule",
    "index.html",
    "<h1>Is this song too close to that one?</h1>",
    "<p>Is this song too close to that one?</p>",
  ],
  ["accessibility", "^working: no rule", "index.html", 'value="0" aria-labelledby="progress-stage"', 'value="0"'],
  [
    "accessibility",
    "^result of a copy: no rule",
    "report/heatmap.js",
    'role: "img", "aria-label": label',
    'role: "img"',
  ],
  [
    "accessibility",
    "^element with a report: no rule",
    "pkg/element/shadow.js",
    "--accent: var(--soundalike-accent, light-dark(#0b6a94",
    "--accent: var(--soundalike-accent, light-dark(#8bcaf4",
  ],
  ["accessibility", "what the page is for", "index.html", 'aria-describedby="left-details"', ""],
  [
    "accessibility",
    "how far a check is",
    "index.html",
    '<button type="button" id="cancel">Cancel</button>',
    '<span id="cancel">Cancel</span>',
  ],
  [
    "accessibility",
    "score, verdict, passages",
    "report/passages.js",
    'button.setAttribute("aria-label",',
    'button.setAttribute("title",',
  ],
  [
    "accessibility",
    "the table with its heads",
    "index.html",
    '<caption class="visually-hidden">The songs, closest first</caption>',
    "",
  ],
  ["accessibility", "announces an error at once", "index.html", 'id="error" role="alert"', 'id="error"'],
  [
    "accessibility",
    "by keyboard alone",
    "report/linking.js",
    "    kept = focused() ?? playing;\n    highlight(root, kept);\n",
    "",
  ],
  [
    "accessibility",
    "cancelled with the Escape key",
    "app.js",
    "  if (pageState.checkOf(state)) cancel();",
    "  if (!pageState.checkOf(state)) cancel();",
  ],
  ["accessibility", "numbered wherever", "report/flag.js", "attributes, numbers(indices, passages)", 'attributes, ""'],
];
