// Headless Chromium: CHROMIUM, else /usr/bin/chromium.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const WIDTHS = [360, 820, 1440];

/** A browser with a profile of its own; `close` ends it and takes the profile away. */
export async function browser(...more) {
  const profile = await mkdtemp(join(tmpdir(), "limbic-page-"));
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  const context = await chromium.launchPersistentContext(profile, { executablePath, args: [...FLAGS, ...more], acceptDownloads: true });
  const close = async () => {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  };
  return { context, close };
}

/**
 * A page that is told what goes wrong on it: `wrong` lists scripts that fail, and requests to
 * anywhere but this machine.
 */
export async function watched(context, { width = 1440, theme = "light" } = {}) {
  const page = await context.newPage();
  await page.setViewportSize({ width, height: width < 500 ? 780 : 900 });
  await page.emulateMedia({ colorScheme: theme });
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(`script: ${error.message}`));
  page.on("console", (message) => {
    // The browser tells of every answer that is an error; those are looked at where they matter.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) wrong.push(message.text());
  });
  const here = (url) => ["data:", "blob:", "file:"].includes(url.protocol) || url.hostname === "127.0.0.1";
  const look = (address) => {
    if (!here(new URL(address))) wrong.push(`request to ${address}`);
  };
  page.on("request", (request) => look(request.url()));
  page.on("websocket", (socket) => look(socket.url()));
  return { page, wrong };
}

/** Keeps a picture of the page where LIMBIC_SHOTS says, for people to look at. */
export async function shot(page, name) {
  const folder = process.env.LIMBIC_SHOTS;
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
