// Microphone and camera: consent, a look at what is sent, rows as they come, the reading at the end.

import { Problem, type Asked } from "./api";
import { consent, type Wanted } from "./consent";
import { button, el, styled } from "./element";
import { clockTime, length, type Reading, type Row } from "./reading";
import { Camera, Microphone } from "./sources";
import { Stream, type Started } from "./stream";

/** What the page is told of a live reading. */
export interface LiveTold {
  /** What is there so far. */
  grown(reading: Reading, peaks: readonly number[], seconds: number): void;
  /** The reading at the end. */
  done(reading: Reading, peaks: readonly number[]): void;
  failed(problem: Problem): void;
  cancelled(): void;
}

export class Live {
  readonly element = el("div", { class: "live" });
  private microphone: Microphone | null = null;
  private camera: Camera | null = null;
  private stream: Stream | null = null;
  private about: Started | null = null;
  private wanted: Wanted = { microphone: true, camera: true };
  private rows: Row[] = [];
  private interim: Row | null = null;
  private peaks: number[] = [];
  private since = 0;
  private readonly level = el("i");
  private readonly time = el("span", { class: "time" }, "0:00");
  private readonly state = el("span", { class: "muted", role: "status" }, "Opening …");
  private readonly preview = el("video", { class: "preview", playsinline: true, "aria-label": "What the camera sees" });
  private readonly press = button("Stop", { class: "primary", disabled: true }, () => this.stop());

  constructor(
    private readonly asked: Asked,
    private readonly tell: LiveTold,
  ) {
    this.element.append(consent((wanted) => void this.start(wanted), () => tell.cancelled()));
  }

  /** Closes microphone, camera and stream at once. */
  close(): void {
    this.release();
    this.stream?.leave();
    this.element.remove();
  }

  private async start(wanted: Wanted): Promise<void> {
    this.wanted = wanted;
    this.element.replaceChildren(this.panel());
    try {
      // The permission is asked for before anything is sent.
      if (wanted.camera) this.camera = await Camera.open(this.preview, (picture) => this.seen(picture));
      if (wanted.microphone) this.microphone = await Microphone.open((frame) => this.heard(frame));
    } catch (error) {
      this.release();
      this.tell.failed(refused(error, wanted));
      return;
    }
    const modalities = this.asked.modalities.filter(
      (m) => m === "text" || (m === "audio" ? wanted.microphone : wanted.camera),
    );
    this.stream = new Stream(
      { ...this.asked, modalities },
      {
        started: (about) => {
          this.about = about;
          this.since = performance.now();
          this.press.disabled = false;
          this.press.focus();
          this.state.textContent = "Listening";
        },
        row: (row, settled) => this.row(row, settled),
        reading: (reading) => {
          this.release();
          this.tell.done(reading, this.loudness());
        },
        failed: (problem) => {
          this.release();
          this.tell.failed(problem);
        },
      },
    );
  }

  private panel(): HTMLElement {
    const words = el("input", { type: "text", name: "said", autocomplete: "off", placeholder: "What was just said" });
    const form = el("form", { class: "said" }, el("label", {}, el("span", { class: "hidden" }, "Words said"), words), el("button", {}, "Add words"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = words.value.trim();
      if (text !== "") this.stream?.words(text, this.seconds());
      words.value = "";
    });
    const meter = el("div", { class: "meter", "aria-hidden": "true" }, this.level);
    const line = el("div", { class: "actions" }, this.press, this.time, this.state);
    this.preview.hidden = !this.wanted.camera;
    meter.hidden = !this.wanted.microphone;
    return el("section", { class: "card listening", "aria-label": "Live" }, this.preview, el("div", { class: "controls" }, line, meter, form));
  }

  private heard(frame: Float32Array): void {
    let peak = 0;
    for (const sample of frame) peak = Math.max(peak, Math.abs(sample));
    styled(this.level, { transform: `scaleX(${Math.sqrt(peak).toFixed(3)})` });
    if (!this.about) return;
    this.peaks.push(peak);
    this.time.textContent = clockTime(this.seconds());
    this.stream?.sound(frame);
  }

  private seen(picture: Blob): void {
    if (!this.about) return;
    this.time.textContent = clockTime(this.seconds());
    void this.stream?.picture(picture, this.seconds());
  }

  /** Seconds of sound that were sent, so that pictures keep in step with it; else of the clock. */
  private seconds(): number {
    return this.wanted.microphone ? this.peaks.length / 10 : (performance.now() - this.since) / 1000;
  }

  private row(row: Row, settled: boolean): void {
    if (settled) this.rows.push(row);
    this.interim = settled ? null : row;
    if (!this.about) return;
    const reading = soFar(this.about, this.interim ? [...this.rows, this.interim] : this.rows, this.wanted);
    this.tell.grown(reading, this.loudness(), Math.max(length(reading), this.seconds()));
  }

  private stop(): void {
    this.release();
    this.press.disabled = true;
    this.state.textContent = "Finishing …";
    this.stream?.stop();
  }

  private release(): void {
    this.microphone?.close();
    this.camera?.close();
    this.microphone = null;
    this.camera = null;
  }

  private loudness(): number[] {
    const most = Math.max(...this.peaks.slice(-36_000), 1e-4);
    return this.peaks.map((peak) => Math.round((peak / most) * 1000) / 1000);
  }
}

/** What is known before the end, in the form of a reading. */
function soFar(about: Started, rows: Row[], wanted: Wanted): Reading {
  const last = rows.findLast((row) => row.estimate !== null);
  return {
    schema: "limbic.reading/1",
    model: about.model,
    target: "perceived",
    note: "An estimate of the emotion that others would perceive; not of what anyone feels.",
    source: "live",
    duration: null,
    every: about.every,
    labels: about.labels,
    modalities: {
      text: "no_words",
      audio: wanted.microphone ? "read" : "not_requested",
      vision: wanted.camera ? "read" : "not_requested",
    },
    skipped: [],
    summary: { track: null, estimate: last?.estimate ?? null, flags: last?.flags ?? [] },
    tracks: [...new Set(rows.map((row) => row.track))]
      .filter((track) => track !== null)
      .map((id) => ({ id, span: { start: 0, end: 0 }, pictures: 0, estimate: null })),
    timeline: rows,
  };
}

function refused(error: unknown, wanted: Wanted): Problem {
  const what = wanted.microphone && wanted.camera ? "the microphone or the camera" : wanted.camera ? "the camera" : "the microphone";
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError") return new Problem(`The browser did not allow ${what}; allow it for this page and start again.`);
  if (name === "NotFoundError") return new Problem(`There is no device for ${what}; connect one, or leave it out.`);
  return new Problem(`The browser could not open ${what}; see that no other program uses it and start again.`);
}
