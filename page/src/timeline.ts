// The timeline: the sound, the answer, a row for each label and one for each modality, under one
// playhead. Its whole width is one slider: point to look, click to seek, arrow keys row by row.

import { el, button, styled } from "./element";
import { alone, answer, heights, loudest } from "./estimate";
import type { Lane } from "./lanes";
import { clockTime, MODALITIES, MODALITY_WORDS, presence, type Modality, type Row } from "./reading";
import { ridge, scale } from "./ridge";
import type { Change, Store } from "./store";
import { strip } from "./strip";
import { waveform } from "./waveform";

/** More labels than this are folded away until asked for. */
const SHOWN = 10;

export class Timeline {
  readonly element = el("section", { class: "card timeline", "aria-label": "Timeline" });
  private values = new Map<string, HTMLElement>();
  private all = false;
  private readonly slider = el("div", { class: "slider", role: "slider", tabindex: "0" });
  private readonly head = el("div", { class: "playhead" });
  private readonly pointer = el("div", { class: "pointer", hidden: true }, el("span"));

  constructor(
    private readonly store: Store,
    private readonly controls: HTMLElement,
    private readonly peaks: () => readonly number[],
    private readonly seek: (time: number) => void,
  ) {
    this.slider.append(this.head, this.pointer);
    this.slider.setAttribute("aria-label", "Moment of the recording");
    this.slider.addEventListener("keydown", this.key);
    this.slider.addEventListener("pointermove", (event) => this.hover(event));
    this.slider.addEventListener("pointerleave", () => store.hover(null));
    this.slider.addEventListener("pointerdown", (event) => {
      this.slider.setPointerCapture(event.pointerId);
      this.seek(this.timeAt(event));
    });
    store.listen((change) => this.draw(change));
  }

  private draw(change: Change): void {
    this.element.hidden = this.store.span <= 0;
    if (this.element.hidden) return;
    if (change !== "moment") this.build();
    this.move();
  }

  private build(): void {
    const { store } = this;
    const { rows } = store.lane;
    const focused = document.activeElement === this.slider;
    this.values = new Map();
    const body = el("div", { class: "tracks" });
    body.append(this.line("axis", el("span"), this.axis()));
    if (this.peaks().length > 0) {
      body.append(this.line("sound", el("span", {}, "sound"), waveform(this.peaks())));
    }
    if (store.reading.labels.kind !== "rating") {
      for (const lane of store.lanes) body.append(this.answers(lane));
    }
    const ridges = el("div", { class: "ridges" });
    for (const name of this.names()) ridges.append(this.label(name, rows));
    ridges.append(this.doubt(rows));
    body.append(ridges, this.more());
    for (const modality of MODALITIES) body.append(this.modality(modality, rows));
    body.append(this.slider);
    this.element.replaceChildren(this.controls, body);
    if (focused) this.slider.focus();
  }

  /** The labels shown: all, or those that are ever the highest. */
  private names(): string[] {
    const { names } = this.store.reading.labels;
    if (this.all || names.length <= SHOWN) return names;
    const peak = (name: string): number =>
      Math.max(...this.store.lane.rows.map((r) => (r.estimate ? heights(r.estimate)[name] ?? 0 : 0)));
    const highest = [...names].sort((a, b) => peak(b) - peak(a)).slice(0, SHOWN);
    return names.filter((name) => highest.includes(name));
  }

  private more(): HTMLElement | string {
    const count = this.store.reading.labels.names.length;
    if (count <= SHOWN) return "";
    const words = this.all ? `Show the ${SHOWN} highest` : `Show all ${count} labels`;
    const press = button(words, { class: "quiet more", "aria-expanded": String(this.all) }, () => {
      this.all = !this.all;
      this.draw("reading");
    });
    return el("div", { class: "line tail" }, press);
  }

  private line(kind: string, label: Element, plot: Element, value: Element | null = null): HTMLElement {
    label.classList.add("name");
    return el("div", { class: `line ${kind}` }, label, el("div", { class: "plot" }, plot), value ?? el("span"));
  }

  private axis(): HTMLElement {
    const { span } = this.store;
    const step = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600].find((s) => span / s <= 6);
    const axis = el("div", { class: "ticks", "aria-hidden": "true" });
    for (let at = 0; at <= span + 1e-6; at += step ?? 7200) {
      // A number at the very end would stand outside.
      if (at > span * 0.93) break;
      axis.append(styled(el("span", {}, clockTime(at)), { left: `${(at / span) * 100}%` }));
    }
    return axis;
  }

  private answers(lane: Lane): HTMLElement {
    const { store } = this;
    const band = strip(store, lane.rows, (row) => (row.estimate ? loudest(row.estimate) : null), true);
    if (store.lanes.length === 1) return this.line("band", el("span", {}, "answer"), band);
    const chosen = lane === store.lane;
    const name = button(lane.name, { class: "lane", "aria-pressed": String(chosen) }, () => store.choose(lane));
    return this.line(chosen ? "band chosen" : "band", name, band);
  }

  private label(name: string, rows: readonly Row[]): HTMLElement {
    const { store } = this;
    const known = rows.map((row) => ({
      start: row.start,
      end: row.end,
      height: row.estimate ? heights(row.estimate)[name] ?? null : null,
    }));
    const seen = rows.flatMap((row) => (row.estimate ? Object.values(heights(row.estimate)) : []));
    const plot = ridge(known, store.span, scale(seen, store.reading.labels.kind !== "rating"));
    const value = el("span", { class: "value" });
    this.values.set(name, value);
    const label = el("span", { title: name }, el("i", { class: "dot" }), el("span", {}, name));
    return styled(this.line("label", label, plot, value), { "--c": store.colour(name) });
  }

  /** Stripes over the stretches in which the model is not sure enough. */
  private doubt(rows: readonly Row[]): HTMLElement {
    const layer = el("div", { class: "doubts", "aria-hidden": "true" });
    let last: { start: number; end: number } | null = null;
    const close = (): void => {
      if (!last) return;
      const { span } = this.store;
      const left = `${(last.start / span) * 100}%`;
      layer.append(styled(el("div"), { left, width: `${((last.end - last.start) / span) * 100}%` }));
      last = null;
    };
    for (const row of rows) {
      if (!row.estimate?.uncertain) close();
      else if (last && row.start - last.end < 1e-3) last.end = row.end;
      else {
        close();
        last = { start: row.start, end: row.end };
      }
    }
    close();
    return layer;
  }

  private modality(modality: Modality, rows: readonly Row[]): HTMLElement {
    const { store } = this;
    const { labels, modalities } = store.reading;
    const name = el("span", {}, MODALITY_WORDS[modality]);
    const state = modalities[modality];
    const spoke = rows.some((row) => row.estimate?.evidence[modality]);
    if (!spoke || labels.kind === "rating") {
      const why = state === "read" ? (spoke ? "read" : "nothing here") : presence(state);
      return this.line("modality absent", name, el("div", { class: state === "read" && spoke ? "why said" : "why" }, why));
    }
    const say = (row: Row) => (row.estimate ? alone(row.estimate, modality, labels) : null);
    return this.line("modality", name, strip(store, rows, say, false));
  }

  private move(): void {
    const { store } = this;
    const at = (time: number): string => `${(time / store.span) * 100}%`;
    styled(this.head, { left: at(store.time) });
    this.pointer.hidden = store.hovered === null;
    if (store.hovered !== null) {
      styled(this.pointer, { left: at(store.hovered) });
      this.pointer.firstElementChild!.textContent = clockTime(store.hovered, true);
      this.pointer.classList.toggle("right", store.hovered > store.span * 0.9);
    }
    const { estimate } = store;
    const shown = estimate ? heights(estimate) : {};
    for (const [name, value] of this.values) {
      value.textContent = shown[name]?.toFixed(2).replace("-", "−") ?? "–";
      value.parentElement!.classList.toggle("leads", estimate?.top === name);
    }
    const words = estimate ? answer(estimate) : "nothing to go by";
    this.slider.setAttribute("aria-valuemin", "0");
    this.slider.setAttribute("aria-valuemax", store.span.toFixed(1));
    this.slider.setAttribute("aria-valuenow", store.time.toFixed(1));
    this.slider.setAttribute("aria-valuetext", `${clockTime(store.time, true)}, ${words}`);
  }

  private timeAt(event: PointerEvent): number {
    const { left, width } = this.slider.getBoundingClientRect();
    return Math.min(Math.max((event.clientX - left) / width, 0), 1) * this.store.span;
  }

  private hover(event: PointerEvent): void {
    if (event.buttons > 0) this.seek(this.timeAt(event));
    else if (event.pointerType === "mouse") this.store.hover(this.timeAt(event));
  }

  private readonly key = (event: KeyboardEvent): void => {
    const { rows } = this.store.lane;
    // In a gap, the row before it.
    const here = rows.findLastIndex((row) => row.start <= this.store.time + 1e-6);
    const place: Record<string, number> = {
      ArrowRight: here + 1,
      ArrowUp: here + 1,
      ArrowLeft: here - 1,
      ArrowDown: here - 1,
      PageDown: here + 10,
      PageUp: here - 10,
      Home: 0,
      End: rows.length - 1,
    };
    const wanted = place[event.key];
    if (wanted === undefined || rows.length === 0) return;
    event.preventDefault();
    this.store.hover(null);
    this.seek(rows[Math.min(Math.max(wanted, 0), rows.length - 1)]!.start);
  };
}
