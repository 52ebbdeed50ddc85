// The sound as a shape: how loud each stretch is at most.

import { svg } from "./element";

/** How many stretches a waveform has. */
export const POINTS = 1200;

/** Larger files are not decoded a second time for their shape alone. */
const LARGEST = 300 << 20;

/** The peaks of a file's sound, 0 to 1, or none where the browser cannot decode it. */
export async function peaksOf(file: Blob): Promise<number[]> {
  if (file.size > LARGEST) return [];
  try {
    // At 8 kHz the shape is the same and takes a sixth of the memory.
    const decoder = new OfflineAudioContext(1, 1, 8000);
    const sound = await decoder.decodeAudioData(await file.arrayBuffer());
    return peaks(sound.getChannelData(0));
  } catch {
    return [];
  }
}

/** The greatest magnitude in each of `points` stretches, the loudest being 1. */
export function peaks(samples: Float32Array, points = POINTS): number[] {
  const count = Math.min(points, samples.length);
  const found = Array.from({ length: count }, (_, i) => {
    const from = Math.floor((i * samples.length) / count);
    const to = Math.floor(((i + 1) * samples.length) / count);
    let peak = 0;
    for (let k = from; k < to; k += 1) peak = Math.max(peak, Math.abs(samples[k] ?? 0));
    return peak;
  });
  const loudest = Math.max(...found, 1e-4);
  return found.map((peak) => Math.round((peak / loudest) * 1000) / 1000);
}

/** The shape, as wide as what holds it. */
export function waveform(peaks: readonly number[]): SVGSVGElement {
  const above = peaks.map((peak, i) => `${i} ${(50 - Math.max(peak, 0.01) * 48).toFixed(1)}`);
  const below = peaks.map((peak, i) => `${i} ${(50 + Math.max(peak, 0.01) * 48).toFixed(1)}`);
  const path = `M${above.join("L")}L${below.reverse().join("L")}Z`;
  return svg(
    "svg",
    {
      class: "waveform",
      viewBox: `0 0 ${Math.max(1, peaks.length - 1)} 100`,
      preserveAspectRatio: "none",
      "aria-hidden": "true",
    },
    svg("path", { d: path }),
  );
}
