// The element in a page of an extension (Manifest V3), without a build step.
import "./soundalike/element.js";

const element = document.querySelector("sound-alike");
document.querySelector("#give").addEventListener("click", () => (element.reference = "/song.wav"));
document.querySelector("#take").addEventListener("click", () => (element.reference = undefined));
element.addEventListener("soundalike-report", ({ detail }) => {
  document.querySelector("output").textContent = detail.verdict;
});
