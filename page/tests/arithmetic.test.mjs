// What is worked out before anything is drawn or sent.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { readFile } from "node:fs/promises";
import { modules } from "./modules.mjs";

const { loaded, close } = await modules("resample", "ridge", "lanes", "estimate", "api", "stage", "reading", "waveform", "intake");
const [{ Resampler }, { smooth }, { lanes, indexAt, letter }, { alone, answer }, { events, listed, options, DEFAULT }, { placeAt }, { clockTime }, { peaks }, { subject }] = loaded;
after(close);

const two = JSON.parse(await readFile(new URL("fixtures/two.json", import.meta.url), "utf8"));

for (const rate of [8000, 44100, 48000]) {
  test(`sound at ${rate} becomes the same tone at 16 kHz, whatever blocks it comes in`, () => {
    const tone = Float32Array.from({ length: rate }, (_, i) => Math.sin((2 * Math.PI * 440 * i) / rate));
    const resampler = new Resampler(rate, 16000);
    const out = [];
    for (let at = 0; at < tone.length; at += 128) out.push(...resampler.push(tone.subarray(at, at + 128)));
    assert.ok(Math.abs(out.length - 16000) < 40, `${out.length}`);
    for (let i = 100; i < 15900; i += 1) {
      assert.ok(Math.abs(out[i] - Math.sin((2 * Math.PI * 440 * i) / 16000)) < 0.01, `sample ${i}`);
    }
  });
}

test("what is too high for 16 kHz does not come back as something lower", () => {
  const high = Float32Array.from({ length: 48000 }, (_, i) => Math.sin((2 * Math.PI * 11000 * i) / 48000));
  const out = new Resampler(48000, 16000).push(high);
  assert.ok(Math.max(...out.slice(100).map(Math.abs)) < 0.02);
});

test("a curve never goes beyond its points", () => {
  const path = smooth([[0, 50], [10, 50], [20, 2], [30, 90], [40, 90]]);
  const heights = [...path.matchAll(/-?[\d.]+ (-?[\d.]+)/g)].map(([, y]) => Number(y));
  assert.ok(Math.min(...heights) >= 2 && Math.max(...heights) <= 90, path);
});

test("several persons have a lane each, and voice and words one of their own", () => {
  const known = lanes(two);
  assert.deepEqual(known.map((lane) => lane.name), ["Person A", "Person B", "voice, words"]);
  assert.ok(known.every((lane) => lane.rows.length === two.timeline.length / 3));
  assert.equal(letter(27), "AB");
});

test("a time lies in its row, and the end in the last one", () => {
  const rows = [{ start: 0, end: 1 }, { start: 1, end: 2 }, { start: 3, end: 4 }];
  assert.deepEqual([0, 0.99, 1, 2.5, 3, 4, 9].map((time) => indexAt(rows, time)), [0, 0, 1, -1, 2, 2, -1]);
});

test("a modality alone is the softmax of its evidence", () => {
  const labels = { set: null, kind: "class", names: ["a", "b"] };
  const estimate = { evidence: { text: { a: 1, b: 0 } } };
  const { label, share } = alone(estimate, "text", labels);
  assert.equal(label, "a");
  assert.ok(Math.abs(share - 1 / (1 + Math.exp(-1))) < 1e-9);
  assert.equal(alone(estimate, "audio", labels), null);
});

test("of many labels that are there, the most probable are named", () => {
  const estimate = { uncertain: false, top: "d", yes: ["a", "b", "c", "d", "e"], probabilities: { a: 0.6, b: 0.7, c: 0.5, d: 0.9, e: 0.8 } };
  assert.equal(answer(estimate), "d, e, b and 2 more");
  assert.equal(answer({ ...estimate, yes: ["c", "a"] }), "a, c");
  assert.equal(answer({ ...estimate, yes: [] }), "none of the labels");
  assert.equal(answer({ ...estimate, uncertain: true }), "uncertain (most likely: d)");
});

test("events come whole out of pieces cut anywhere", async () => {
  const text = 'event: progress\ndata: {"share":0.5}\n\n: kept alive\n\nevent: reading\r\ndata: {"a":"ä"}\r\n\r\n';
  const bytes = new TextEncoder().encode(text);
  for (const size of [1, 3, 7, 1000]) {
    const pieces = new ReadableStream({
      start(sink) {
        for (let at = 0; at < bytes.length; at += size) sink.enqueue(bytes.slice(at, at + size));
        sink.close();
      },
    });
    const found = [];
    for await (const event of events(new Response(pieces))) found.push(event);
    assert.deepEqual(found, [{ event: "progress", data: '{"share":0.5}' }, { event: "reading", data: '{"a":"ä"}' }], `${size}`);
  }
});

test("only what differs from the usual is asked for", () => {
  assert.deepEqual(options(DEFAULT), {});
  const asked = { ...DEFAULT, emotions: ["joy", "contempt=low, mean"], labels: "goemotions", every: "500ms", modalities: ["audio"], always: true };
  assert.deepEqual(options(asked), { emotions: "joy; contempt=low, mean", every: "500ms", modalities: "audio", risk: "none" });
  assert.equal(listed(["joy", "awe"]), "joy, awe");
});

test("a face is between the pictures it was seen in, and nowhere long after", () => {
  const boxes = [{ at: 0, x: 0, y: 0, w: 0.2, h: 0.2 }, { at: 1, x: 0.4, y: 0, w: 0.2, h: 0.2 }, { at: 5, x: 0.8, y: 0, w: 0.2, h: 0.2 }];
  assert.equal(placeAt(boxes, 0.5).x, 0.2);
  assert.equal(placeAt(boxes, 1.5).x, 0.4);
  assert.equal(placeAt(boxes, 3), null);
  assert.equal(placeAt([], 0), null);
});

test("times are written as people write them", () => {
  assert.deepEqual([0, 7, 61, 3723].map((s) => clockTime(s)), ["0:00", "0:07", "1:01", "1:02:03"]);
  assert.equal(clockTime(9.97, true), "0:09.9");
});

test("a recording may come with its words, and never with another recording", () => {
  const files = (...names) => names.map((name) => ({ name }));
  assert.deepEqual(subject(files("talk.mp4")), { kind: "file", file: { name: "talk.mp4" }, words: null });
  assert.deepEqual(subject(files("talk.srt", "talk.mp4")), { kind: "file", file: { name: "talk.mp4" }, words: { name: "talk.srt" } });
  assert.deepEqual(subject(files("talk.TXT")), { kind: "file", file: { name: "talk.TXT" }, words: null });
  for (const many of [["a.mp4", "b.mp4"], ["a.txt", "b.txt"], ["a.mp4", "a.srt", "b.srt"]]) {
    assert.match(subject(files(...many)), /one recording at a time/, many.join());
  }
  assert.equal(subject([]), null);
});

test("peaks are where the sound is, the loudest being one", () => {
  const sound = new Float32Array(4000);
  sound[1000] = -0.5;
  sound[3000] = 0.25;
  const found = peaks(sound, 4);
  assert.deepEqual(found, [0, 1, 0, 0.5]);
});
