// The microphone and the camera, opened after consent and closed for good.

import { RATE } from "./stream";

/** A microphone that hands out frames of 16 kHz sound. */
export class Microphone {
  private constructor(
    private readonly stream: MediaStream,
    private readonly context: AudioContext,
  ) {}

  static async open(heard: (frame: Float32Array) => void): Promise<Microphone> {
    // As it is: what makes calls pleasant changes a voice.
    const audio = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    const stream = await navigator.mediaDevices.getUserMedia({ audio });
    const context = new AudioContext();
    await context.audioWorklet.addModule("recorder.js");
    const recorder = new AudioWorkletNode(context, "recorder", {
      numberOfOutputs: 0,
      processorOptions: { rate: RATE },
    });
    recorder.port.onmessage = ({ data }: MessageEvent<Float32Array>) => heard(data);
    context.createMediaStreamSource(stream).connect(recorder);
    await context.resume();
    return new Microphone(stream, context);
  }

  close(): void {
    for (const track of this.stream.getTracks()) track.stop();
    void this.context.close();
  }
}

/** Pictures a second that are sent, and how wide. */
const PICTURES = 5;
const WIDTH = 640;

/** A camera that shows itself and hands out a JPEG now and then. */
export class Camera {
  private timer = 0;

  private constructor(private readonly stream: MediaStream) {}

  static async open(preview: HTMLVideoElement, seen: (picture: Blob) => void): Promise<Camera> {
    const video = { width: { ideal: WIDTH }, facingMode: "user" };
    const camera = new Camera(await navigator.mediaDevices.getUserMedia({ video }));
    preview.srcObject = camera.stream;
    preview.muted = true;
    await preview.play();
    const canvas = document.createElement("canvas");
    const drawing = canvas.getContext("2d");
    camera.timer = window.setInterval(() => {
      const { videoWidth, videoHeight } = preview;
      if (!drawing || videoWidth === 0) return;
      canvas.width = Math.min(WIDTH, videoWidth);
      canvas.height = Math.round((canvas.width * videoHeight) / videoWidth);
      drawing.drawImage(preview, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((picture) => picture && seen(picture), "image/jpeg", 0.85);
    }, 1000 / PICTURES);
    return camera;
  }

  close(): void {
    clearInterval(this.timer);
    for (const track of this.stream.getTracks()) track.stop();
  }
}
