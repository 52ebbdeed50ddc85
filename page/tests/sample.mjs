// What the fake devices of the browser play: the sample's own sound and pictures, unpacked by the
// browser itself, so that no other program is needed.

import { readFile, writeFile } from "node:fs/promises";
import { HELLO } from "./program.mjs";

/** The sample as bytes of a page. */
const base64 = async () => (await readFile(HELLO)).toString("base64");

/** Writes the sound of the sample as 16 kHz mono WAV. */
export async function wav(page, path) {
  const samples = await page.evaluate(async (text) => {
    const file = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const sound = await new OfflineAudioContext(1, 1, 16000).decodeAudioData(file.buffer);
    return [...sound.getChannelData(0)].map((x) => Math.round(Math.max(-1, Math.min(1, x)) * 32767));
  }, await base64());
  const data = Buffer.alloc(44 + samples.length * 2);
  data.write("RIFF", 0);
  data.writeUInt32LE(36 + samples.length * 2, 4);
  data.write("WAVEfmt ", 8);
  // Sixteen bytes about the format: PCM, one channel, rate, bytes a second, bytes and bits a sample.
  data.writeUInt32LE(16, 16);
  data.writeUInt16LE(1, 20);
  data.writeUInt16LE(1, 22);
  data.writeUInt32LE(16000, 24);
  data.writeUInt32LE(32000, 28);
  data.writeUInt16LE(2, 32);
  data.writeUInt16LE(16, 34);
  data.write("data", 36);
  data.writeUInt32LE(samples.length * 2, 40);
  samples.forEach((x, i) => data.writeInt16LE(x, 44 + 2 * i));
  await writeFile(path, data);
  return path;
}

/** Writes pictures of the sample, `rate` a second, as motion JPEG. */
export async function mjpeg(page, path, rate = 10) {
  const pictures = await page.evaluate(
    async ([text, rate]) => {
      const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
      const video = document.createElement("video");
      video.src = URL.createObjectURL(new Blob([bytes], { type: "video/mp4" }));
      await new Promise((done) => video.addEventListener("loadeddata", done, { once: true }));
      const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
      const drawing = canvas.getContext("2d");
      const found = [];
      for (let at = 0; at < video.duration - 0.2; at += 1 / rate) {
        const sought = new Promise((done) => video.addEventListener("seeked", done, { once: true }));
        video.currentTime = at;
        await sought;
        drawing.drawImage(video, 0, 0);
        const jpeg = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 });
        found.push(btoa(String.fromCharCode(...new Uint8Array(await jpeg.arrayBuffer()))));
      }
      return found;
    },
    [await base64(), rate],
  );
  await writeFile(path, Buffer.concat(pictures.map((picture) => Buffer.from(picture, "base64"))));
  return path;
}
