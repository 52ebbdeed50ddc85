// The page in a browser, with the program behind it.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { browser, shot, watched, WIDTHS } from "./browser.mjs";
import { emptiness, nameless, overlaps, pale } from "./looks.mjs";
import { HELLO, serve } from "./program.mjs";
import { wav } from "./sample.mjs";

let server, chromium, folder;

before(async () => {
  [server, chromium, folder] = await Promise.all([serve(), browser(), mkdtemp(join(tmpdir(), "limbic-clips-"))]);
});

after(async () => {
  await Promise.all([server?.stop(), chromium?.close(), folder && rm(folder, { recursive: true })]);
});

/** Opens the page, does `act` on it, and sees that nothing went wrong or elsewhere. */
async function visit(look, act) {
  const { page, wrong } = await watched(chromium.context, look);
  await page.goto(server.url);
  await act(page);
  await page.close();
  assert.deepEqual(wrong, []);
}

async function upload(page, file = HELLO) {
  await page.setInputFiles("#file", file);
  await page.waitForSelector(".view");
}

async function type(page, words) {
  await page.fill("#text", words);
  await page.click("text=Read words");
  await page.waitForSelector(".view");
}

/** The answer for the whole. */
const answer = (page) => page.locator(".summary .answer").innerText();

async function download(page, name) {
  const [file] = await Promise.all([page.waitForEvent("download"), page.click(`[aria-label="Save as ${name}"]`)]);
  return { name: file.suggestedFilename(), text: await readFile(await file.path(), "utf8") };
}

test("a clip is uploaded, played, sought and exported", async () => {
  await visit({}, async (page) => {
    await upload(page);
    assert.match(await answer(page), /happiness\s+\d+ %/);
    for (const part of ["timeline", "evidence", "map", "transcript"]) assert.ok(await page.isVisible(`.${part}`), part);
    assert.match(await page.innerText(".transcript"), /wonderful day/);
    await page.waitForSelector(".waveform");
    await page.waitForSelector(".box");

    await page.click('[aria-label="Play"]');
    await page.waitForFunction(() => document.querySelector("video").currentTime > 0.5);
    const now = () => page.getAttribute(".slider", "aria-valuenow").then(Number);
    assert.ok((await now()) > 0.4);
    await page.click('[aria-label="Pause"]');

    const slider = await page.locator(".slider").boundingBox();
    await page.mouse.click(slider.x + slider.width * 0.7, slider.y + slider.height / 2);
    assert.ok(Math.abs((await now()) - 0.7 * 5.024) < 0.2, String(await now()));
    await page.mouse.move(slider.x + slider.width * 0.1, slider.y + slider.height / 2);
    assert.match(await page.innerText(".evidence .when"), /0:00\.0 to 0:01\.0/);
    assert.ok((await page.locator(".evidence .bar").count()) === 8);
    assert.match(await page.getAttribute(".evidence .plot >> nth=0", "aria-label"), /words [+−][\d.]+, voice [+−][\d.]+, face/);

    const json = await download(page, "JSON");
    assert.equal(json.name, "hello.json");
    const reading = JSON.parse(json.text);
    assert.equal(reading.source, "hello.mp4");
    assert.equal(reading.timeline.length, 5);
    assert.equal((await download(page, "CSV")).text.split("\n").length, 7);
    assert.match((await download(page, "WebVTT")).text, /^WEBVTT\n/);
  });
});

test("an emotion is added by its word, appears, and goes again", async () => {
  await visit({}, async (page) => {
    await upload(page);
    await page.fill('[name="emotion"]', "awe");
    await page.keyboard.press("Enter");
    await page.waitForSelector('.ridges .name[title="awe"]');
    assert.equal(await page.locator(".ridges .line").count(), 9);
    await page.click("text=Back to the model's own labels");
    await page.waitForFunction(() => document.querySelectorAll(".ridges .line").length === 8);

    await page.fill('[name="emotion"]', "xqztv");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#notice:not([hidden])");
    assert.match(await page.innerText("#notice"), /no vector for the word `xqztv`/);
    assert.equal(await page.locator(".ridges .line").count(), 8, "the reading before it stays");
    assert.equal(await page.locator(".chips li").count(), 0);
  });
});

test("words alone are read, with nothing of a timeline", async () => {
  await visit({}, async (page) => {
    await type(page, "What a lovely surprise!");
    assert.match(await answer(page), /happiness|surprise/);
    assert.ok(await page.isVisible(".profile"));
    assert.ok(!(await page.isVisible(".timeline")));
    assert.match(await page.innerText(".transcript"), /lovely surprise/);
  });
});

test("what cannot be read is said in one sentence, and something else can be read", async () => {
  await visit({}, async (page) => {
    const junk = { name: "junk.bin", mimeType: "application/octet-stream", buffer: Buffer.alloc(3000, 7) };
    await page.setInputFiles("#file", junk);
    await page.waitForSelector("#notice:not([hidden])");
    assert.match(await page.innerText("#notice"), /junk\.bin.*known kind/);
    await type(page, "What a lovely surprise!");
    assert.ok(!(await page.isVisible("#notice")));
  });
});

test("a reading under way can be cancelled, and a program that is gone is told", async () => {
  await visit({}, async (page) => {
    await page.route("**/v1/predict", () => {});
    await page.setInputFiles("#file", HELLO);
    await page.waitForSelector("#work:not([hidden]) progress");
    await page.click("text=Cancel");
    await page.waitForSelector("#begin:not([hidden])");
    assert.ok(!(await page.isVisible("#work")) && !(await page.isVisible("#notice")));
    await page.unroute("**/v1/predict");
    await page.route("**/v1/predict", (route) => route.abort());
    await page.setInputFiles("#file", HELLO);
    await page.waitForSelector("#notice:not([hidden])");
    assert.match(await page.innerText("#notice"), /limbic serve/);
  });
});

test("a file is dropped anywhere, and words are pasted", async () => {
  await visit({}, async (page) => {
    const bytes = (await readFile(HELLO)).toString("base64");
    await page.evaluate((base64) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], "dropped.mp4", { type: "video/mp4" }));
      const event = (name) => document.body.dispatchEvent(new DragEvent(name, { dataTransfer: data, bubbles: true, cancelable: true }));
      event("dragenter");
      if (!document.body.classList.contains("dropping")) throw new Error("nothing shows where to drop");
      event("drop");
    }, bytes);
    await page.waitForSelector(".view");
    assert.equal(await page.innerText(".heading h1"), "dropped.mp4");
    await page.evaluate(() => {
      const clipboardData = new DataTransfer();
      clipboardData.setData("text/plain", "I am so glad.");
      document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
    });
    await page.waitForSelector(".profile:not([hidden])");
    assert.match(await page.innerText(".transcript"), /so glad/);
  });
});

test("a recording that the browser cannot show is read all the same, and plays without its sound", async () => {
  await visit({}, async (page) => {
    // To the page it is a video; to the browser it is none.
    await page.addInitScript(() => {
      URL.createObjectURL = () => "data:video/mp4;base64,AAAA";
    });
    await page.reload();
    await upload(page);
    await page.waitForSelector("text=this browser cannot play it");
    assert.equal(await page.locator("video").count(), 0);
    await page.click('[aria-label="Play"]');
    await page.waitForFunction(() => Number(document.querySelector(".slider").getAttribute("aria-valuenow")) > 0.3);
  });
});

test("a server that asks for a token is told it once", async () => {
  await visit({}, async (page) => {
    const guard = (route) =>
      route.request().headers().authorization === "Bearer open-sesame-open-sesame"
        ? route.continue()
        : route.fulfill({ status: 401, contentType: "application/problem+json", body: '{"detail":"give the token"}' });
    await page.route("**/v1/**", guard);
    await page.reload();
    await page.waitForSelector("text=give the token");
    assert.equal(await page.evaluate(() => document.activeElement.name), "token");
    await page.keyboard.type("wrong");
    await page.keyboard.press("Enter");
    await page.waitForSelector("text=give the token");
    await page.fill('[name="token"]', "open-sesame-open-sesame");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".token", { state: "detached" });
    await upload(page);
    assert.match(await answer(page), /happiness/);
  });
});

test("everything is done with the keyboard alone", async () => {
  await visit({}, async (page) => {
    const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.className || document.activeElement.textContent);
    const tab = async (wanted) => {
      for (let tries = 0; tries < 60; tries += 1) {
        await page.keyboard.press("Tab");
        if ((await focused()) === wanted) return;
      }
      assert.fail(`${wanted} cannot be reached`);
    };
    await tab("file");
    await tab("live");
    await tab("text");
    await page.keyboard.type("I am so glad that you came!");
    await page.keyboard.press("Control+Enter");
    await page.waitForSelector(".view");
    await upload(page);
    await tab("slider");
    const at = () => page.getAttribute(".slider", "aria-valuetext");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    assert.match(await at(), /^0:02\.0, \w+/);
    await page.keyboard.press("End");
    assert.match(await at(), /^0:04\.0/);
    await page.keyboard.press("Home");
    assert.match(await at(), /^0:00\.0/);
    await page.keyboard.press("Space");
    await page.waitForSelector('[aria-label="Pause"]');
    await page.keyboard.press("Space");
    await page.waitForSelector('[aria-label="Play"]');
    await page.locator(".table summary").focus();
    await page.keyboard.press("Enter");
    assert.equal(await page.locator(".table tbody tr").count(), 5);
  });
});

for (const width of WIDTHS) {
  for (const theme of ["light", "dark"]) {
    test(`nothing overlaps, is empty, pale or nameless at ${width} in ${theme}`, async () => {
      await visit({ width, theme }, async (page) => {
        const seen = async (name) => {
          await shot(page, `${name}-${width}-${theme}`);
          for (const look of [overlaps, emptiness, nameless, pale]) assert.deepEqual(await page.evaluate(look), [], `${name}: ${look.name}`);
        };
        await seen("start");
        await page.click("#live");
        await seen("consent");
        await page.click("text=Cancel");
        await type(page, "What a lovely surprise! I did not expect you.");
        await seen("words");
        const voice = await wav(page, join(folder, "voice.wav"));
        await page.click("#fresh");
        await upload(page, voice);
        await page.waitForSelector(".waveform");
        assert.match(await answer(page), /Uncertain/);
        await seen("voice");
        await page.click("#fresh");
        await upload(page);
        await page.waitForSelector(".waveform");
        await page.locator(".slider").focus();
        await page.keyboard.press("End");
        await page.waitForTimeout(200);
        await page.click(".ask summary");
        await seen("hello");
        await page.fill('[name="emotion"]', "awe");
        await page.keyboard.press("Enter");
        await page.waitForSelector('.ridges .name[title="awe"]');
        await seen("awe");
        await page.setInputFiles("#file", { name: "junk.bin", mimeType: "", buffer: Buffer.alloc(3000, 7) });
        await page.waitForSelector("#notice:not([hidden])");
        await seen("error");
      });
    });
  }
}

test("light and dark follow the system until one is chosen", async () => {
  await visit({ theme: "dark" }, async (page) => {
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.equal(await paper(), "rgb(19, 20, 22)");
    await page.click("#theme");
    assert.equal(await paper(), "rgb(247, 246, 243)");
    await page.reload();
    assert.equal(await paper(), "rgb(247, 246, 243)");
    await page.click("#theme");
    assert.equal(await paper(), "rgb(19, 20, 22)");
    await page.evaluate(() => localStorage.clear());
  });
});

test("the first paint is told", async (context) => {
  await visit({}, async (page) => {
    await page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint").length > 0);
    const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime);
    context.diagnostic(`first contentful paint after ${paint.toFixed(0)} ms`);
  });
});
