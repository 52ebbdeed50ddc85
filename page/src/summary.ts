// The whole clip in one look: the answer, how sure it is, and what became of words, voice and face.

import { el, styled } from "./element";
import { alone, answer, loudest, signed } from "./estimate";
import { person } from "./lanes";
import { flag, MODALITIES, MODALITY_WORDS, presence, type Estimate, type Modality } from "./reading";
import type { Store } from "./store";

/** More persons than this are left to the timeline. */
const SHOWN = 6;

export class Summary {
  readonly element = el("section", { class: "card summary", "aria-label": "Summary", "aria-live": "polite" });

  constructor(private readonly store: Store) {
    store.listen((change) => {
      if (change === "reading") this.draw();
    });
  }

  private draw(): void {
    const { reading } = this.store;
    const { estimate, track, flags } = reading.summary;
    const who = reading.tracks.length > 1 && track !== null ? `, ${person(reading, track)}` : "";
    // Which modalities are absent stands above it.
    const notes = flags.filter((name) => name !== "modality_absent").map(flag);
    const parts: (Node | null)[] = [
      el("p", { class: "muted over" }, `What others would perceive${who}`),
      ...(estimate ? this.headline(estimate) : [el("p", { class: "answer" }, "Nothing to go by")]),
      el("dl", { class: "modalities" }, ...MODALITIES.flatMap((m) => this.modality(m, estimate)), ...this.persons()),
      notes.length > 0 ? el("p", { class: "muted flags" }, sentence(notes.join(", "))) : null,
      ...reading.skipped.slice(0, 3).map((s) => el("p", { class: "muted flags" }, `Left out: ${s.reason}`)),
      el("p", { class: "note" }, reading.note),
    ];
    this.element.replaceChildren(...parts.filter((part) => part !== null));
  }

  private headline(estimate: Estimate): HTMLElement[] {
    const { labels } = this.store.reading;
    if (labels.kind === "rating") {
      const ratings = labels.names.map((name) => `${name} ${signed(estimate.logits[name] ?? 0)}`);
      return [el("p", { class: "answer ratings" }, ratings.join(", "))];
    }
    const best = loudest(estimate);
    const percent = best ? `${Math.round(best.share * 100)} %` : "";
    if (estimate.uncertain) {
      const likely = best ? `most likely ${best.label}, ${percent}` : "";
      return [
        el("p", { class: "answer unsure" }, "Uncertain"),
        el("p", { class: "muted" }, likely),
        this.gauge(estimate, best?.label ?? null, best?.share ?? 0),
      ];
    }
    const mark = styled(el("i", { class: "dot" }), { "--c": this.store.colour(best?.label ?? null) });
    return [
      el("p", { class: "answer" }, mark, el("span", {}, answer(estimate)), estimate.yes ? null : el("small", {}, percent)),
      this.gauge(estimate, best?.label ?? null, best?.share ?? 0),
    ];
  }

  private gauge(estimate: Estimate, label: string | null, share: number): HTMLElement {
    const bar = el("i", { class: estimate.uncertain ? "unsure" : "" });
    styled(bar, { width: `${share * 100}%`, "--c": this.store.colour(label) });
    return el("div", { class: "gauge", "aria-hidden": "true" }, bar);
  }

  /** Where several faces are seen, what each shows by itself. */
  private persons(): HTMLElement[] {
    const { reading } = this.store;
    if (reading.tracks.length < 2) return [];
    return reading.tracks.slice(0, SHOWN).flatMap(({ id, estimate }) => [
      el("dt", {}, person(reading, id)),
      el("dd", { class: estimate ? "" : "absent" }, estimate ? answer(estimate) : "nothing to go by"),
    ]);
  }

  private modality(modality: Modality, estimate: Estimate | null): HTMLElement[] {
    const { reading } = this.store;
    const state = reading.modalities[modality];
    const said = estimate ? alone(estimate, modality, reading.labels) : null;
    const words = said ? `most for ${said.label}` : presence(state);
    const value = el("dd", { class: said || state === "read" ? "" : "absent" }, words);
    return [el("dt", {}, MODALITY_WORDS[modality]), value];
  }
}

const sentence = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);
