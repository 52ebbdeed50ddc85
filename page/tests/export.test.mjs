// Files that the page writes, beside those that the program writes.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";
import { modules } from "./modules.mjs";
import { HELLO, limbic } from "./program.mjs";

const { loaded, close } = await modules("export");
const [{ csv, stem, webvtt }] = loaded;
after(close);

/** Names of persons are drawn anew for every reading. */
const nameless = (text, reading) =>
  reading.tracks.reduce((rest, { id }, i) => rest.replaceAll(id, `person-${i}`), text);

const ASKED = [
  [HELLO],
  [HELLO, "--labels", "goemotions"],
  [HELLO, "--labels", "emobank"],
  [HELLO, "--modalities", "audio", "--every", "500ms"],
  [HELLO, "--emotions", 'joy; contempt=the feeling that "someone" is beneath you, and low'],
  ["--text", "What a lovely surprise!"],
];

for (const asked of ASKED) {
  test(`the CSV of the page is that of the program: ${asked.slice(1).join(" ") || "as it is"}`, async () => {
    const reading = JSON.parse(await limbic("predict", "-q", "-f", "json", ...asked));
    const theirs = await limbic("predict", "-q", "-f", "csv", ...asked);
    const track = /(?<=perceived,[\d.]+,[\d.]+,)[0-9a-f]{8}/g;
    assert.equal(nameless(csv(reading), reading), theirs.replaceAll(track, "person-0"));
  });
}

test("cues name who is meant, and say what is uncertain", async () => {
  const reading = JSON.parse(await readFile(new URL("fixtures/two.json", import.meta.url), "utf8"));
  const cues = webvtt(reading);
  assert.match(cues, /^WEBVTT\n\nNOTE An estimate of the emotion that others would perceive/);
  assert.match(cues, /00:00:00\.000 --> 00:00:01\.000\n<v Person A>surprise \d+ %<\/v>\n/);
  assert.match(cues, /<v Person B>/);
  assert.match(cues, /<v voice, words>uncertain \(most likely: happiness, \d+ %\)<\/v>/);
  assert.equal(cues.split("\n\n").length, 2 + reading.timeline.length);
});

test("text in cues cannot be taken for markup", () => {
  const estimate = { answer: "a<b>&", top: "a<b>&", uncertain: false, probabilities: { "a<b>&": 1 }, logits: {}, evidence: {} };
  const row = { start: 0, end: 3661.5, track: null, estimate, flags: [] };
  const cues = webvtt({ note: "n", tracks: [], timeline: [row] });
  assert.match(cues, /00:00:00\.000 --> 01:01:01\.500\na&lt;b&gt;&amp; 100 %/);
});

test("files are called as what was read", () => {
  assert.equal(stem("clips/talk.part.mp4"), "talk.part");
  assert.equal(stem("C:\\clips\\talk.mp4"), "talk");
  assert.equal(stem("--text"), "text");
  assert.equal(stem(""), "reading");
});
