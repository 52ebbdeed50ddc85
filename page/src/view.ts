// A reading on the screen: every part of it about one store, and one clock that moves them all.

import { CountingClock, MediaClock, type Clock } from "./clock";
import { button, el } from "./element";
import { Evidence } from "./evidence";
import { save, type Format } from "./export";
import { AffectMap } from "./map";
import { Player } from "./player";
import { Profile } from "./profile";
import { clockTime, type Reading } from "./reading";
import { Stage, type Media } from "./stage";
import { Store } from "./store";
import { Summary } from "./summary";
import { Table } from "./table";
import { Timeline } from "./timeline";
import { Transcript } from "./transcript";

/** A reading with what is at hand of its recording. */
export interface Shown {
  reading: Reading;
  /** How loud each stretch is, 0 to 1; none where that is not known. */
  peaks: readonly number[];
  media: Media | null;
  /** Width of the picture over its height, where the recording itself is not at hand. */
  aspect: number | null;
}

const FORMATS: readonly [Format, string][] = [
  ["json", "JSON"],
  ["csv", "CSV"],
  ["vtt", "WebVTT"],
];

export class View {
  readonly element = el("article", { class: "view", "aria-label": "Reading" });
  readonly store: Store;
  private readonly title = el("h1", { tabindex: "-1" });
  private readonly about = el("p", { class: "muted" });
  private clock: Clock | null = null;
  private peaks: readonly number[];
  private readonly player: Player;
  private media: HTMLMediaElement | null;

  /** `ask` stands below the timeline. */
  constructor({ reading, peaks, media, aspect }: Shown, ask: HTMLElement | null = null) {
    this.store = new Store(reading);
    this.peaks = peaks;
    const { store } = this;
    const seek = (time: number): void => this.seek(time);
    const stage = new Stage(store, media, aspect ?? 16 / 9);
    this.media = stage.player;
    this.media?.addEventListener("error", () => this.bare(stage));
    this.wind();
    this.player = new Player(store, () => this.clock, this.media);
    const timeline = new Timeline(store, this.player.element, () => this.peaks, seek);
    const screen = el("div", { class: "screen" }, stage.element, new Transcript(store, seek).element);
    const main = el("div", { class: "main" }, screen, timeline.element, new Profile(store).element, ask, new Table(store).element);
    const aside = el("div", { class: "aside" }, new Summary(store).element, new Evidence(store).element, new AffectMap(store, seek).element);
    this.element.append(this.header(), el("div", { class: "columns" }, main, aside));
    store.listen((change) => {
      if (change === "reading") this.name();
    });
    document.addEventListener("keydown", this.key);
  }

  /** Shows another reading of the same recording. */
  replace(reading: Reading): void {
    this.store.replace(reading);
    this.wind();
    this.player.draw();
  }

  /** Shows what is there so far of a recording that goes on, with the playhead at its end. */
  grow(reading: Reading, peaks: readonly number[], span: number): void {
    this.peaks = peaks;
    this.store.replace(reading, span);
    const last = reading.timeline.at(-1);
    if (last) this.store.seek(last.start);
  }

  /** Shows the shape of the sound, which may be known later than the reading. */
  sounds(peaks: readonly number[]): void {
    this.peaks = peaks;
    this.store.replace(this.store.reading, this.store.span);
  }

  /** Puts those who do not use a pointer at the beginning of the reading. */
  focus(): void {
    this.title.focus({ preventScroll: true });
  }

  /** Ends the clock and lets go of the keyboard. */
  close(): void {
    this.clock?.stop();
    document.removeEventListener("keydown", this.key);
    this.element.remove();
  }

  private seek(time: number): void {
    if (this.clock) this.clock.seek(time);
    else this.store.seek(time);
  }

  /** Goes on without a recording that the browser cannot show. */
  private bare(stage: Stage): void {
    this.clock?.stop();
    this.media = this.clock = null;
    stage.empty();
    this.player.silent("this browser cannot play it");
    this.wind();
    this.player.draw();
  }

  private wind(): void {
    const { span, time } = this.store;
    const told = (): void => {
      this.store.seek(this.clock?.time ?? 0);
      this.player.draw();
    };
    if (this.media) this.clock ??= new MediaClock(this.media, told);
    else if (span > 0) {
      this.clock?.stop();
      const counting = new CountingClock(span, told);
      counting.time = Math.min(time, span);
      this.clock = counting;
    }
  }

  private name(): void {
    const { reading, span } = this.store;
    const source = reading.source === "--text" ? "Words" : (reading.source.split(/[/\\]/).at(-1) ?? "");
    this.title.textContent = source;
    const length = span > 0 ? clockTime(span, true) : "no times";
    const set = reading.labels.set ? `labels: ${reading.labels.set}` : "labels by their words";
    this.about.textContent = [length, set, reading.model].join(" · ");
  }

  private header(): HTMLElement {
    const saves = FORMATS.map(([format, label]) =>
      button(label, { "aria-label": `Save as ${label}` }, () => save(this.store.reading, format)),
    );
    const group = el("div", { class: "saves", role: "group", "aria-label": "Save the reading" }, el("span", { class: "muted" }, "Save"), ...saves);
    return el("header", { class: "heading" }, el("div", {}, this.title, this.about), group);
  }

  /** The space bar plays and pauses wherever it does not press or type something. */
  private readonly key = (event: KeyboardEvent): void => {
    const busy = (event.target as Element | null)?.closest?.("button, input, textarea, select, summary, a");
    if (event.key !== " " || busy || this.store.span <= 0) return;
    event.preventDefault();
    this.player.toggle();
  };
}
