/** Faults in the element `<sound-alike>`. */

/** @import { Mutant } from "./mutant.js" */

/** @type {Mutant[]} */
export const ELEMENT_MUTANTS = [
  ["element", "under other music", "pkg/element.js", "const mix = mixWords(share);", 'const mix = "";'],
  [
    "element",
    "nothing heavy is loaded",
    "pkg/element.js",
    "    if (!this.#shadow) this.#build();\n",
    "    if (!this.#shadow) this.#build();\n    this.#checker = createChecker();\n",
  ],
  [
    "element",
    "compared with the site's reference",
    "pkg/element.js",
    '    this.#tell("soundalike-report", report);',
    "",
  ],
  [
    "element",
    "two elements share one worker",
    "pkg/index.js",
    "(key !== undefined && sharedEngines.get(key))",
    "undefined",
  ],
  ["element", "a bad file is an error event", "pkg/element.js", '    this.#tell("soundalike-error", error);', ""],
  [
    "element",
    "removed during its work",
    "pkg/element.js",
    "      if (this.#check) this.#cancel();\n      this.#releaseChecker();\n",
    "",
  ],
  ["element", "moved during its work", "pkg/element.js", "      if (this.isConnected) return;\n", ""],
  ["element", "appended elsewhere", "pkg/element.js", "    if (reference === this.#taken) return;\n", ""],
  ["element", "put back some time later", "pkg/element.js", "if (this.#check) this.#cancel();", "this.#stop();"],
  ["element", "cancelled check can be begun again", "pkg/element.js", '      this.#part(".again").focus();\n', ""],
  ["element", "cancelled check can be begun again", "pkg/element.js", "if (hadFocus)", "if (false)"],
  [
    "element",
    "could not be loaded can be tried again",
    "pkg/element.js",
    'this.#part(".again").hidden = error.side',
    'this.#part(".again").hidden = true || error.side',
  ],
  [
    "element",
    "a reference that can.t be had \\(http",
    "pkg/element.js",
    'this.setSong("right", reference)',
    'this.setSong("right", new URL(reference, document.baseURI))',
  ],
  [
    "element",
    "in the middle of a check begins it again",
    "pkg/element.js",
    "    if (isAtWork) void this.#compare();\n",
    "",
  ],
  ["element", "each snippet is copied", "embed.js", 'writeText(code.textContent ?? "")', 'writeText("")'],
  [
    "element",
    "each snippet is copied",
    "embed.html",
    '&lt;script type="module" src="/pkg/element.js"&gt;&lt;/script&gt;\n&lt;style',
    "&lt;style",
  ],
  ["element", "may not copy", "embed.js", "getSelection()?.selectAllChildren(code);", ""],
  [
    "element",
    "strictest policy.*own host",
    "pkg/element.js",
    "    shadow.adoptedStyleSheets = [sheet];",
    "    shadow.innerHTML = `<style>${STYLE}</style>`;",
  ],
  ["element", "strictest policy.*another host", "pkg/engine/spawn.js", "origin !== location.origin", "origin === ''"],
];
