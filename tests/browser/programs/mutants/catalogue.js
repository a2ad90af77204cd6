/** Faults in searches of a catalogue, and in the consent to them. */

/** @import { Mutant } from "./mutant.js" */

const FIND = "pkg/catalogue/find.js";
const SERVICE = "pkg/catalogue/service.js";
const PANEL = "pkg/catalogue/panel.js";

/** @type {Mutant[]} */
export const CATALOGUE_MUTANTS = [
  ["catalogue", "without consent", FIND, "(await agree?.(request)) === true", "await agree?.(request)"],
  ["catalogue", "without consent", FIND, "(await agree?.(request)) === true", "(await agree?.(request)) !== false"],
  ["catalogue", "without consent", FIND, "await requireConsent(", "void requireConsent("],
  ["catalogue", "numbers alone", SERVICE, 'referrerPolicy: "no-referrer",', ""],
  ["catalogue", "numbers alone", FIND, "- QUERY_HEADER_BYTES) / PIECE_BYTES", "- 0) / 1e9"],
  ["catalogue", "numbers alone", FIND, "(b.report?.score ?? -1) - (a.report?.score ?? -1)", "0"],
  [
    "catalogue",
    "numbers alone",
    FIND,
    '.code.startsWith("catalogue-")) return undefined',
    '.code === "x") return undefined',
  ],
  ["catalogue", "keeps to itself", FIND, "givesSongs\n      ?", "true\n      ?"],
  ["catalogue", "no sense", SERVICE, "!/^[0-9a-f]{1,64}$/i.test(id)", "false"],
  ["catalogue", "no sense", SERVICE, "candidates.length > MAX_CANDIDATES", "false"],
  ["catalogue", "no sense", SERVICE, "places.length > MAX_PLACES", "false"],
  ["catalogue", "no sense", SERVICE, "!isWithin(score, 0, 1)", "false"],
  ["catalogue", "no sense", SERVICE, "length > maxBytes", "false"],
  ["catalogue", "no sense", SERVICE, 'redirect: "error",', ""],
  ["catalogue", "no sense", SERVICE, "timeoutSecs * 1000", "1e6"],
  ["catalogue", "no sense", SERVICE, "known[status] ??", ""],
  [
    "catalogue",
    "cancelled",
    SERVICE,
    'signal?.addEventListener("abort", onAbort',
    'signal?.addEventListener("x", onAbort',
  ],
  ["catalogue", "cancelled", SERVICE, 'base?.protocol !== "https:"', "!base"],
  [
    "catalogue",
    "nothing of it is loaded",
    "pkg/index.js",
    'import { Song } from "./song/song.js";',
    'import { Song } from "./song/song.js";\nimport "./catalogue/find.js";',
  ],
  [
    "consent",
    "before the visitor agrees",
    PANEL,
    "this.#show(...before, sentence, button);",
    "this.#show(...before, sentence, button);\n    void this.#begin(service.host);",
  ],
  [
    "consent",
    "before the visitor agrees",
    "pkg/element.js",
    'if (side === "left") void this.#offerCatalogue();',
    "if (!this.#endOffer) void this.#offerCatalogue();",
  ],
  ["consent", "before the visitor agrees", "pkg/element.js", "isCompared || Boolean(this.catalogue)", "isCompared"],
  [
    "consent",
    "kept songs are compared",
    "pkg/element.js",
    "if (!this.#endOffer) void this.#offerCatalogue();",
    "void this.#offerCatalogue();",
  ],
  ["consent", "kept songs are compared", PANEL, "compared.length > 0 ? matches : candidates", "candidates"],
  ["consent", "an error is said", PANEL, "this.offer(message)", "this.offer()"],
  ["consent", "an error is said", PANEL, "songs === 0", "songs === -1"],
];
