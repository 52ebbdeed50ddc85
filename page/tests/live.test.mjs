// Microphone and camera, played by the browser's fake devices: the sample's voice and face.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { browser, shot, watched, WIDTHS } from "./browser.mjs";
import { emptiness, nameless, overlaps, pale } from "./looks.mjs";
import { serve } from "./program.mjs";
import { mjpeg, wav } from "./sample.mjs";

let server, chromium, folder;

before(async () => {
  [server, folder] = await Promise.all([serve(), mkdtemp(join(tmpdir(), "limbic-live-"))]);
  const maker = await browser();
  const page = await maker.context.newPage();
  await page.goto(server.url);
  const [voice, face] = [await wav(page, join(folder, "voice.wav")), await mjpeg(page, join(folder, "face.mjpeg"))];
  await maker.close();
  chromium = await browser(
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    `--use-file-for-fake-audio-capture=${voice}`,
    `--use-file-for-fake-video-capture=${face}`,
  );
});

after(async () => {
  await Promise.all([server?.stop(), chromium?.close(), folder && rm(folder, { recursive: true })]);
});

/** Agrees to what is `wanted` and waits until the program listens. */
async function start(page, wanted = ["Microphone", "Camera"]) {
  await page.goto(server.url);
  await page.click("#live");
  const ready = () => page.isEnabled(".consent >> text=Start");
  for (const device of ["Microphone", "Camera"]) {
    await page.uncheck(`label:has-text("${device}") input`);
    await page.setChecked(`label:has-text("${device}") input`, wanted.includes(device));
  }
  assert.ok(!(await ready()), "nothing starts before everybody agrees");
  await page.check('label:has-text("Everyone who can be heard or seen agrees") input');
  assert.ok(await ready());
  await page.click(".consent >> text=Start");
  await page.waitForSelector(".listening button:not([disabled]) >> text=Stop");
}

async function stop(page) {
  await page.click("text=Stop");
  await page.waitForSelector(".view:not(.growing)", { timeout: 60_000 });
}

test("a voice is read as it speaks, and as a whole when it stops", async () => {
  const { page, wrong } = await watched(chromium.context);
  await start(page, ["Microphone"]);
  await page.waitForSelector(".view.growing .block", { timeout: 60_000 });
  assert.ok(await page.isVisible(".view.growing .waveform"));
  await page.waitForTimeout(4000);
  const rows = () => page.evaluate(() => document.querySelector(".slider").getAttribute("aria-valuemax"));
  assert.ok(Number(await rows()) > 3);
  await stop(page);
  const [file] = await Promise.all([page.waitForEvent("download"), page.click('[aria-label="Save as JSON"]')]);
  const reading = JSON.parse(await readFile(await file.path(), "utf8"));
  assert.equal(reading.modalities.audio, "read");
  assert.ok(reading.duration > 4 && reading.timeline.length >= 4, `${reading.duration} s`);
  assert.ok(reading.timeline.some((row) => row.estimate?.evidence.audio));
  assert.match(await page.innerText(".ask"), /not kept/);
  assert.ok(await page.isVisible(".waveform"));
  await page.close();
  assert.deepEqual(wrong, []);
});

test("devices are closed when a reading stops, and when it is left", async () => {
  const { page, wrong } = await watched(chromium.context);
  // Keeps an eye on every track that the page opens.
  await page.addInitScript(() => {
    window.opened = [];
    const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wanted) => {
      const stream = await open(wanted);
      window.opened.push(...stream.getTracks());
      return stream;
    };
  });
  const states = () => page.evaluate(() => window.opened.map((track) => track.readyState));
  await start(page);
  assert.deepEqual(await states(), ["live", "live"]);
  await page.click("#fresh");
  assert.deepEqual(await states(), ["ended", "ended"]);
  await start(page);
  await page.waitForTimeout(1500);
  await stop(page);
  assert.deepEqual(await states(), ["ended", "ended"]);
  await page.close();
  assert.deepEqual(wrong, []);
});

for (const width of WIDTHS) {
  test(`a live reading looks well at ${width}`, async () => {
    const { page, wrong } = await watched(chromium.context, { width });
    await start(page);
    await page.fill('[name="said"]', "Hello! What a lovely surprise!");
    await page.click("text=Add words");
    await page.waitForSelector(".view.growing .block", { timeout: 60_000 });
    await page.waitForTimeout(1500);
    const seen = async (name) => {
      await shot(page, `${name}-${width}`);
      for (const look of [overlaps, emptiness, nameless, pale]) assert.deepEqual(await page.evaluate(look), [], `${name}: ${look.name}`);
    };
    await seen("live");
    await stop(page);
    await seen("live-done");
    await page.close();
    assert.deepEqual(wrong, []);
  });
}
