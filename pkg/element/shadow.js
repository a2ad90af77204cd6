/** Shadow: the style and the parts of `<sound-alike>`, before a song is given. */

import { element } from "../shared/dom.js";
import { MUSIC_ACCEPT } from "../shared/music-files.js";

/** @import { Side } from "../shared/errors.js" */

const STYLE = `
  :host {
    --ink: var(--soundalike-ink, light-dark(#17191c, #eceef0));
    --dim: var(--soundalike-dim, light-dark(#59616b, #a0aab4));
    --paper: var(--soundalike-paper, light-dark(#ffffff, #1a1d20));
    --line: var(--soundalike-line, light-dark(#d8d5ce, #363c42));
    --accent: var(--soundalike-accent, light-dark(#0b6a94, #5ab8e4));
    --radius: var(--soundalike-radius, 12px);
    display: block; color: var(--ink); font: 16px/1.5 system-ui, sans-serif; container-type: inline-size;
  }
  /* Browsers before 2024. */
  @supports not (color: light-dark(red, red)) {
    :host { --ink: var(--soundalike-ink, #17191c); --dim: var(--soundalike-dim, #59616b);
      --paper: var(--soundalike-paper, #ffffff); --line: var(--soundalike-line, #d8d5ce);
      --accent: var(--soundalike-accent, #0b6a94) }
    .error { border-left-color: #b3261e !important }
  }
  :host([hidden]), [hidden] { display: none !important }
  * { box-sizing: border-box }
  p, ol { margin: 0; padding: 0 }
  .zones { display: grid; gap: 12px; grid-template-columns: repeat(auto-fit, minmax(min(240px, 100%), 1fr)) }
  label { position: relative; display: grid; align-content: center; min-height: 92px; padding: 14px 18px;
    cursor: pointer; background: var(--paper); border: 2px dashed var(--line); border-radius: var(--radius) }
  label:hover, label.over { border-color: var(--accent) }
  label:focus-within { outline: 3px solid var(--accent); outline-offset: 2px }
  label.filled { border-style: solid }
  input { position: absolute; inset: 0; opacity: 0; width: 100%; cursor: pointer }
  .name { color: var(--dim); font-size: .9em; overflow-wrap: anywhere }
  .name:empty { display: none }
  /* The song's name comes first, the invitation to choose another second. */
  .filled .name { order: -1; color: inherit; font-size: 1em; font-weight: 600 }
  .filled slot { color: var(--dim); font-size: .9em }
  .below { min-height: 3.4em; padding-top: 10px; display: grid; align-content: start; gap: 8px }
  .work { display: grid; grid-template-columns: 1fr auto; gap: 12px; align-items: center }
  progress { width: 100%; accent-color: var(--accent) }
  button { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--line);
    border-radius: 9px; min-height: 40px; padding: .3em .9em; cursor: pointer }
  button:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
  .again { justify-self: start }
  .error { border-left: 4px solid light-dark(#b3261e, #ffb4ab); padding-left: 12px }
  .report { background: var(--paper); border: 1px solid var(--line); border-radius: var(--radius);
    padding: 14px 18px; outline: none }
  .verdict { display: flex; align-items: baseline; gap: .6em; font-weight: 700; font-size: 1.15em }
  .score { color: var(--accent); font-size: 1.35em; font-variant-numeric: tabular-nums }
  ol { list-style: none; font-variant-numeric: tabular-nums }
  li { padding-top: .25em } .dim { color: var(--dim); font-size: .9em }
`;

/** Built node by node, because a page with Trusted Types may forbid markup from text. */
function parts() {
  /** @param {Side} side @param {string} invitation @param {HTMLElement[]} more */
  const zone = (side, invitation, ...more) => {
    const slot = element("slot", { name: side }, invitation);
    const input = element("input", { type: "file", accept: MUSIC_ACCEPT });
    return element(
      "label",
      { part: "zone", "data-side": side },
      input,
      slot,
      element("span", { class: "name", part: "name" }),
      ...more,
    );
  };
  const work = element(
    "div",
    { class: "work", hidden: "" },
    element("progress", { part: "progress", max: "1", value: "0", "aria-label": "Comparing the songs" }),
    element("button", { class: "cancel", part: "button", type: "button" }, "Cancel"),
  );
  return [
    element(
      "div",
      { class: "zones" },
      zone("left", "Drop your song here, or choose it", element("span", { class: "dim against" })),
      zone("right", "Drop the other song here, or choose it"),
    ),
    element(
      "div",
      { class: "below" },
      work,
      element("p", { class: "error", part: "error", role: "alert", hidden: "" }),
      element("button", { class: "again", part: "button", type: "button", hidden: "" }, "Compare"),
      element("div", { class: "report", part: "report", role: "status", tabindex: "-1", hidden: "" }),
      element("div", { class: "catalogue", hidden: "" }),
    ),
  ];
}

/** The shadow of an element, filled. @param {HTMLElement} host @returns {ShadowRoot} */
export function buildShadow(host) {
  const shadow = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  shadow.adoptedStyleSheets = [sheet];
  shadow.append(...parts());
  return shadow;
}
