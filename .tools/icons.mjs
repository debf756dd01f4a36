// `node .tools/icons.mjs`: draws assets/icons/icon.png, which electron-builder makes every system's icons of, from icon.svg.
// Run it after changing the drawing; the picture is kept, so that packaging needs no browser.
import { readFileSync } from "node:fs";
import path from "node:path";
import { chromium } from "@playwright/test";
import { needChromium } from "./chromium.mjs";
import { root, runMain } from "./project.mjs";

const SIZE_PX = 1024;

runMain(async () => {
  const folder = path.join(root, "assets", "icons");
  const browser = await chromium.launch({
    executablePath: needChromium(),
    args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
  });
  try {
    const page = await browser.newPage({ viewport: { width: SIZE_PX, height: SIZE_PX } });
    const drawing = readFileSync(path.join(folder, "icon.svg"), "utf8");
    await page.setContent(`<body style="margin:0">${drawing}</body>`);
    await page.screenshot({ path: path.join(folder, "icon.png"), omitBackground: true });
  } finally {
    await browser.close();
  }
});
