// Sound at another rate: each sample out is a windowed sinc about its place in what came in.

/** Zero crossings of the sinc on each side. */
const REACH = 12;
/** Steps of the table between two zero crossings. */
const FINE = 256;

export class Resampler {
  private readonly ratio: number;
  /** Samples in on each side of a sample out. */
  private readonly half: number;
  private readonly stretch: number;
  private kept = new Float32Array(0);
  /** Where the next sample out lies, in samples of `kept`. */
  private next = 0;

  /** From one rate to another, in samples a second. */
  constructor(from: number, to: number) {
    this.ratio = from / to;
    // Going down, the sinc is wider, so that nothing above the new half rate folds back.
    this.stretch = Math.max(1, this.ratio);
    this.half = REACH * this.stretch;
  }

  /** The samples out that are known once `samples` came in. */
  push(samples: Float32Array): Float32Array {
    const input = new Float32Array(this.kept.length + samples.length);
    input.set(this.kept);
    input.set(samples, this.kept.length);
    const out: number[] = [];
    while (this.next + this.half < input.length) {
      out.push(this.at(input));
      this.next += this.ratio;
    }
    const done = Math.max(0, Math.floor(this.next - this.half) - 1);
    this.kept = input.slice(done);
    this.next -= done;
    return Float32Array.from(out);
  }

  private at(input: Float32Array): number {
    const from = Math.max(0, Math.ceil(this.next - this.half));
    const to = Math.min(input.length - 1, Math.floor(this.next + this.half));
    let [sum, weight] = [0, 0];
    for (let k = from; k <= to; k += 1) {
      const place = (Math.abs(k - this.next) / this.stretch) * FINE;
      const low = Math.floor(place);
      const factor = TABLE[low]! + (TABLE[low + 1]! - TABLE[low]!) * (place - low);
      sum += factor * input[k]!;
      weight += factor;
    }
    return weight > 1e-9 ? sum / weight : 0;
  }
}

/** Half of a Hann-windowed sinc. */
const TABLE = Float32Array.from({ length: REACH * FINE + 2 }, (_, i) => {
  const x = i / FINE;
  if (x === 0) return 1;
  if (x >= REACH) return 0;
  const window = 0.5 + 0.5 * Math.cos((Math.PI * x) / REACH);
  return (Math.sin(Math.PI * x) / (Math.PI * x)) * window;
});
