// A site that uses the package: compares by code, then with the element, and shows the results.
import { createChecker } from "soundalike";
import "soundalike/element";

// A site must give the address of the package's files only if its bundler did not copy them.
const { assets } = document.documentElement.dataset;

const checker = await createChecker(assets ? { assetsUrl: assets } : {});
const copy = await checker.compare("/song.wav", "/song.wav");
const other = await checker.compare("/song.wav", "/other.wav");
checker.close();

const element = /** @type {import("soundalike/element").SoundalikeElement} */ (document.createElement("sound-alike"));
element.setAttribute("reference", "/song.wav");
if (assets) element.setAttribute("assets", assets);
element.addEventListener("soundalike-report", () => {
  document.body.dataset.verdicts = [copy.verdict, other.verdict, element.dataset.verdict].join(" ");
});
document.body.append(element);
element.setSong("left", new URL("/song.wav", document.baseURI));
