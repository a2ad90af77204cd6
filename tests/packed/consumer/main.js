// A site that uses the package: compares by code, then through the element, and shows what came of it.
import { createChecker } from "soundalike";
import "soundalike/element";

// Only where no bundler carried the package's files along, a site has to say where they lie.
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
