// Runs beside the sound of the browser: microphone in, frames of a tenth of a second out.

import { Resampler } from "./resample";

declare const sampleRate: number;
declare function registerProcessor(name: string, processor: unknown): void;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}

class Recorder extends AudioWorkletProcessor {
  private readonly resampler: Resampler;
  private frame: Float32Array<ArrayBuffer>;
  private filled = 0;

  constructor({ processorOptions: { rate } }: { processorOptions: { rate: number } }) {
    super();
    this.resampler = new Resampler(sampleRate, rate);
    this.frame = new Float32Array(rate / 10);
  }

  process(inputs: Float32Array[][]): boolean {
    const channels = inputs[0] ?? [];
    const first = channels[0];
    if (!first) return true;
    const mono = first.map((_, i) => channels.reduce((sum, c) => sum + (c[i] ?? 0), 0) / channels.length);
    for (const sample of this.resampler.push(mono)) {
      this.frame[this.filled] = sample;
      this.filled += 1;
      if (this.filled < this.frame.length) continue;
      const next = new Float32Array(this.frame.length);
      this.port.postMessage(this.frame, [this.frame.buffer]);
      this.frame = next;
      this.filled = 0;
    }
    return true;
  }
}

registerProcessor("recorder", Recorder);
