// The reading as one file: it shows itself, plays without its recording, and asks nobody.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { browser, shot, watched, WIDTHS } from "./browser.mjs";
import { emptiness, nameless, overlaps, pale } from "./looks.mjs";
import { HELLO, limbic } from "./program.mjs";

let chromium, folder;

before(async () => {
  [chromium, folder] = await Promise.all([browser(), mkdtemp(join(tmpdir(), "limbic-report-"))]);
});

after(async () => {
  await Promise.all([chromium?.close(), folder && rm(folder, { recursive: true })]);
});

/** The report of the sample. */
async function report(name, ...more) {
  const path = join(folder, name);
  await limbic("predict", "-q", HELLO, "--report", path, ...more);
  return path;
}

async function open(path, look, act) {
  const { page, wrong } = await watched(chromium.context, look);
  await page.goto(pathToFileURL(path).href);
  await page.waitForSelector(".view");
  await act(page);
  await page.close();
  assert.deepEqual(wrong, []);
}

async function looksWell(page, name) {
  await shot(page, name);
  for (const look of [overlaps, emptiness, nameless, pale]) assert.deepEqual(await page.evaluate(look), [], `${name}: ${look.name}`);
}

for (const width of WIDTHS) {
  test(`a report shows its reading at ${width}`, async () => {
    await open(await report("hello.html"), { width, theme: width === 820 ? "dark" : "light" }, async (page) => {
      assert.equal(await page.title(), "hello.mp4 · limbic");
      assert.match(await page.innerText(".summary .answer"), /happiness/);
      assert.ok(await page.isVisible(".waveform"));
      assert.equal(await page.locator(".ask, #begin, video").count(), 0);
      await looksWell(page, `report-${width}`);
    });
  });
}

test("a report is played and sought without its recording", async () => {
  await open(await report("hello.html"), {}, async (page) => {
    await page.click('[aria-label="Play"]');
    await page.waitForFunction(() => Number(document.querySelector(".slider").getAttribute("aria-valuenow")) > 0.3);
    await page.click('[aria-label="Pause"]');
    await page.locator(".slider").press("End");
    assert.equal(await page.getAttribute(".slider", "aria-valuenow"), "4.0");
    const [file] = await Promise.all([page.waitForEvent("download"), page.click('[aria-label="Save as CSV"]')]);
    assert.match(await readFile(await file.path(), "utf8"), /^source,model,target,start,end,track,emotion,p_neutral/);
  });
});

test("a report with its recording plays it", async () => {
  await open(await report("media.html", "--report-media"), {}, async (page) => {
    await page.click('[aria-label="Play"]');
    await page.waitForFunction(() => document.querySelector("video").currentTime > 0.3);
  });
});

for (const width of WIDTHS) {
  test(`several persons are told apart at ${width}`, async () => {
    const two = await readFile(new URL("fixtures/two.json", import.meta.url), "utf8");
    const envelope = { reading: JSON.parse(two), peaks: [], media: null, aspect: 3.5 };
    const html = await readFile(await report("hello.html"), "utf8");
    const path = join(folder, "two.html");
    const json = JSON.stringify(envelope).replaceAll("<", "\\u003c");
    await writeFile(path, html.replace(/(id="reading">)[^<]*/, (_, start) => start + json));
    await open(path, { width }, async (page) => {
      assert.deepEqual(await page.locator(".lane").allInnerTexts(), ["Person A", "Person B", "voice, words"]);
      assert.equal(await page.locator(".box").count(), 2);
      assert.match(await page.innerText(".box >> nth=1"), /^B · surprise/);
      assert.match(await page.innerText(".summary"), /Uncertain[\s\S]*Person A\s+\w+\s+Person B\s+\w+/);
      await page.click("text=voice, words");
      assert.equal(await page.getAttribute(".lane >> nth=2", "aria-pressed"), "true");
      assert.equal(await page.locator(".doubts div").count(), 1);
      assert.match(await page.getAttribute(".slider", "aria-valuetext"), /uncertain \(most likely: happiness\)/);
      await looksWell(page, `two-${width}`);
    });
  });
}
