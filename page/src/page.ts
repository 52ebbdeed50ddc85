// The page of `limbic serve`: what is read, while it is read, and the reading.

import "./style.css";
import { models, predict, Problem, type Asked, type Model, type Subject } from "./api";
import { Ask } from "./ask";
import { button, el } from "./element";
import { intake } from "./intake";
import { Live } from "./live";
import type { Reading } from "./reading";
import type { Media } from "./stage";
import { themed } from "./theme";
import { asking } from "./token";
import { View } from "./view";
import { peaksOf } from "./waveform";

const find = <E extends HTMLElement>(id: string): E => document.querySelector<E>(`#${id}`)!;

class Page {
  private readonly begin = find("begin");
  private readonly place = find("place");
  private readonly notice = find("notice");
  private readonly work = find("work");
  private readonly fresh = find<HTMLButtonElement>("fresh");
  private readonly ask = new Ask((asked) => void this.again(asked));
  private subject: Subject | null = null;
  private media: Media | null = null;
  private view: View | null = null;
  private live: Live | null = null;
  private running: AbortController | null = null;
  private settled: Asked = this.ask.asked;
  private model: Promise<Model | null> = this.known();

  constructor() {
    themed(find<HTMLButtonElement>("theme"));
    intake(
      (subject) => void this.read(subject),
      (sentence) => this.say(sentence),
    );
    this.fresh.addEventListener("click", () => this.start());
    find("live").addEventListener("click", () => this.listen());
  }

  /** The model; none where the program does not say. */
  private async known(): Promise<Model | null> {
    try {
      return (await models())[0] ?? null;
    } catch (error) {
      if (error instanceof Problem && error.status === 401) this.unlock(error.message);
      return null;
    }
  }

  /** Asks for the token of the server. */
  private unlock(sentence: string): void {
    const form = asking(() => {
      form.remove();
      this.say(null);
      this.model = this.known();
    });
    this.say(sentence);
    this.begin.querySelector(".ways")?.before(form);
    form.querySelector("input")?.focus();
  }

  /** Back to the beginning. */
  private start(): void {
    this.clear();
    this.begin.hidden = false;
    this.fresh.hidden = true;
    this.begin.querySelector<HTMLElement>("input")?.focus();
  }

  private clear(): void {
    this.running?.abort();
    this.live?.close();
    this.view?.close();
    this.ask.element.remove();
    if (this.media) URL.revokeObjectURL(this.media.url);
    this.running = this.live = this.view = this.media = this.subject = null;
    this.place.replaceChildren();
    this.say(null);
  }

  /** Reads something new. */
  private async read(subject: Subject): Promise<void> {
    this.clear();
    this.subject = subject;
    const reading = await this.asking(subject, this.ask.asked);
    if (!reading) {
      if (this.subject === subject) {
        this.begin.hidden = false;
        this.fresh.hidden = true;
      }
      return;
    }
    this.media = subject.kind === "file" ? held(subject.file) : null;
    await this.show(withWords(reading, subject), [], true);
    if (this.media && this.media.kind !== "image" && subject.kind === "file") {
      const { view } = this;
      const peaks = await peaksOf(subject.file);
      if (peaks.length > 0 && view === this.view) view?.sounds(peaks);
    }
  }

  /** Reads the same thing again, asked otherwise. */
  private async again(asked: Asked): Promise<void> {
    const { subject } = this;
    if (!subject) return;
    const reading = await this.asking(subject, asked);
    if (subject !== this.subject) return;
    if (reading) {
      this.settled = asked;
      this.view?.replace(withWords(reading, subject));
    } else if (this.running === null) this.ask.asked = this.settled;
    await this.redraw(true);
  }

  /** Asks the program, with a bar and a way to cancel; `null` where there is no reading. */
  private async asking(subject: Subject, asked: Asked): Promise<Reading | null> {
    this.running?.abort();
    const control = new AbortController();
    this.running = control;
    this.say(null);
    const bar = el("progress", { max: 1, "aria-label": "Progress" });
    const name = subject.kind === "file" ? subject.file.name : "your words";
    this.work.replaceChildren(el("span", {}, `Reading ${name}`), bar, button("Cancel", {}, () => control.abort()));
    this.work.hidden = false;
    if (!this.view) this.begin.hidden = true;
    try {
      return await predict(subject, asked, control.signal, (share) => {
        bar.value = share;
      });
    } catch (error) {
      if (!control.signal.aborted) this.say(error instanceof Problem ? error.message : "The program's answer could not be understood; see that page and program are of one version.");
      return null;
    } finally {
      if (this.running === control) {
        this.running = null;
        this.work.hidden = true;
      }
    }
  }

  private async show(reading: Reading, peaks: readonly number[], again: boolean): Promise<void> {
    this.view?.close();
    this.view = new View({ reading, peaks, media: this.media, aspect: null }, this.ask.element);
    this.place.replaceChildren(this.view.element);
    this.begin.hidden = true;
    this.fresh.hidden = false;
    this.view.focus();
    await this.redraw(again);
  }

  private async redraw(again: boolean): Promise<void> {
    const model = await this.model;
    const { view } = this;
    if (view) this.ask.show(model, view.store.reading, (label) => view.store.colour(label), again);
  }

  private listen(): void {
    this.clear();
    this.begin.hidden = true;
    this.fresh.hidden = false;
    const live = new Live(this.ask.asked, {
      grown: (reading, peaks, seconds) => this.grown(reading, peaks, seconds),
      done: (reading, peaks) => {
        this.live?.close();
        this.live = null;
        void this.show(reading, peaks, false);
      },
      failed: (problem) => {
        this.start();
        this.say(problem.message);
      },
      cancelled: () => this.start(),
    });
    this.live = live;
    this.place.replaceChildren(live.element);
    live.element.querySelector("input")?.focus();
  }

  private grown(reading: Reading, peaks: readonly number[], seconds: number): void {
    if (!this.view) {
      this.view = new View({ reading, peaks, media: null, aspect: null });
      this.view.element.classList.add("growing");
      // Once a second would be too much to listen to.
      this.view.element.querySelector(".summary")?.setAttribute("aria-live", "off");
      this.place.append(this.view.element);
    }
    this.view.grow(reading, peaks, seconds);
  }

  private say(sentence: string | null): void {
    this.notice.hidden = sentence === null;
    this.notice.replaceChildren(
      ...(sentence === null ? [] : [el("span", {}, sentence), button("×", { "aria-label": "Dismiss" }, () => this.say(null))]),
    );
  }
}

/** The file as the browser can show it. */
function held(file: File): Media | null {
  const kind = /^(video|audio|image)\//.exec(file.type)?.[1] as Media["kind"] | undefined;
  return kind ? { url: URL.createObjectURL(file), kind } : null;
}

/** A reading whose words are not in it has those that were typed. */
function withWords(reading: Reading, subject: Subject): Reading {
  if ((reading.transcript ?? []).length > 0 || subject.kind !== "words") return reading;
  return { ...reading, transcript: [{ start: null, end: null, text: subject.text }] };
}

new Page();
