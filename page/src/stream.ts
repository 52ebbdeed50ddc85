// A reading as it happens: sound and pictures go to the program, rows come back.

import { options, Problem, told, type Asked } from "./api";
import { protocols } from "./token";
import type { Labels, Reading, Row } from "./reading";

/** Samples a second that the program hears. */
export const RATE = 16_000;

export interface Started {
  model: string;
  labels: Labels;
  every: number;
  latency: number;
}

/** What is told about a stream. */
export interface Told {
  started(about: Started): void;
  row(row: Row, settled: boolean): void;
  reading(reading: Reading): void;
  failed(problem: Problem): void;
}

type Message =
  | ({ type: "started" } & Started)
  | { type: "row" | "interim"; row: Row }
  | { type: "reading"; reading: Reading }
  | { type: "error"; problem: unknown };

/** Pictures are left out while more than this waits to be sent, in bytes. */
const WAITING = 1 << 20;

export class Stream {
  private readonly socket: WebSocket;
  private ended = false;

  constructor(
    asked: Asked,
    private readonly tell: Told,
  ) {
    const place = new URL("v1/stream", location.href);
    place.protocol = place.protocol.replace("http", "ws");
    this.socket = new WebSocket(place, protocols());
    this.socket.binaryType = "arraybuffer";
    const { emotions, labels, risk } = options(asked);
    const start = {
      type: "start",
      modalities: asked.modalities,
      rate: RATE,
      every: asked.every,
      emotions: emotions ?? null,
      labels: labels ?? null,
      risk: risk ?? "model",
      purpose: null,
    };
    this.socket.onopen = () => this.socket.send(JSON.stringify(start));
    this.socket.onmessage = ({ data }: MessageEvent<string>) => this.hear(JSON.parse(data) as Message);
    this.socket.onclose = () =>
      this.end(() => tell.failed(new Problem("The program ended the stream before its reading; see its messages.")));
  }

  /** Sends sound at 16 kHz. */
  sound(frame: Float32Array): void {
    const samples = sixteenBit(frame);
    const message = new Uint8Array(1 + samples.byteLength);
    message[0] = 1;
    message.set(new Uint8Array(samples.buffer), 1);
    this.send(message);
  }

  /** Sends a picture seen `at` seconds after the start. */
  async picture(jpeg: Blob, at: number): Promise<void> {
    if (this.socket.bufferedAmount > WAITING) return;
    const bytes = new Uint8Array(await jpeg.arrayBuffer());
    const message = new Uint8Array(9 + bytes.length);
    message[0] = 2;
    new DataView(message.buffer).setFloat64(1, at, true);
    message.set(bytes, 9);
    this.send(message);
  }

  /** Sends words said at a time. */
  words(text: string, at: number): void {
    this.send(JSON.stringify({ type: "text", text, final: true, at }));
  }

  /** Asks for the final reading. */
  stop(): void {
    this.send(JSON.stringify({ type: "stop" }));
  }

  /** Leaves without a reading. */
  leave(): void {
    this.ended = true;
    this.socket.close();
  }

  private send(message: string | Uint8Array<ArrayBuffer>): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(message);
  }

  private hear(message: Message): void {
    if (message.type === "started") this.tell.started(message);
    if (message.type === "row" || message.type === "interim") this.tell.row(message.row, message.type === "row");
    if (message.type === "reading") this.end(() => this.tell.reading(message.reading));
    if (message.type === "error") this.end(() => this.tell.failed(told(message.problem)));
  }

  private end(say: () => void): void {
    if (this.ended) return;
    this.ended = true;
    say();
    this.socket.close();
  }
}

/** Samples as 16-bit numbers, the lower byte first. */
export function sixteenBit(samples: Float32Array): DataView<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(samples.length * 2));
  samples.forEach((sample, i) => {
    const cut = Math.min(Math.max(sample, -1), 1);
    view.setInt16(i * 2, Math.round(cut * 32767), true);
  });
  return view;
}
