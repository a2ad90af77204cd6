/**
 * Makes the picture of the README, `docs/result.png`: the report of the page's own example songs.
 *
 *     cargo xtask web && npm run screenshot
 *
 * Needs ffmpeg, which reduces the picture to 256 colours: a third of the bytes, and no visible
 * difference.
 */

import { copyFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { audioFolder, launchChromium, serveSite } from "../support/harness.js";

const PICTURE = fileURLToPath(new URL("../../../docs/result.png", import.meta.url));
const CHECK_TIMEOUT_MS = 90_000;
/** Light, and wide enough for passages and heat map side by side. */
const SCREEN = /** @type {const} */ ({
  viewport: { width: 1100, height: 1600 },
  deviceScaleFactor: 1.2,
  colorScheme: "light",
  reducedMotion: "reduce",
});
/** Around the report. */
const MARGIN_PX = 16;
const FEW_COLOURS =
  "split[picture][sample];[sample]palettegen=stats_mode=full[palette];[picture][palette]paletteuse=dither=none";

const site = await serveSite();
const browser = await launchChromium();
const folder = audioFolder();
try {
  const page = await browser.newPage(SCREEN);
  await page.goto(`${site.url}?backend=cpu`);
  await page.locator("#example").click();
  await page.locator("[data-verdict]").waitFor({ timeout: CHECK_TIMEOUT_MS });
  // The heat map and the songs' curves are drawn in the frames after.
  await page.waitForTimeout(1000);

  const top = await page.locator("#result").boundingBox();
  const bottom = await page.locator("#columns").boundingBox();
  if (!top || !bottom) throw new Error("the page shows no report");
  const clip = {
    x: top.x - MARGIN_PX,
    y: top.y - MARGIN_PX,
    width: top.width + 2 * MARGIN_PX,
    height: bottom.y + bottom.height - top.y + 2 * MARGIN_PX,
  };
  const full = folder.file("full.png", await page.screenshot({ clip, fullPage: true }));
  copyFileSync(folder.encoded("few-colours.png", full, ["-filter_complex", FEW_COLOURS]), PICTURE);
} finally {
  await browser.close();
  site.close();
  folder.remove();
}
