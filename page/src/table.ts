// The timeline as a table, for those who read it rather than see it. It is filled when it is opened.

import { el } from "./element";
import { alone, answer, heights, signed } from "./estimate";
import { person } from "./lanes";
import { clockTime, MODALITIES, MODALITY_WORDS, type Row } from "./reading";
import type { Store } from "./store";

export class Table {
  readonly element = el("details", { class: "card table" });
  private readonly body = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "The timeline as a table" });

  constructor(private readonly store: Store) {
    this.element.append(el("summary", {}, "The timeline as a table"), this.body);
    this.element.addEventListener("toggle", () => this.fill());
    store.listen((change) => {
      if (change === "reading") this.fill();
    });
  }

  private fill(): void {
    const { reading } = this.store;
    this.element.hidden = this.store.span <= 0 || reading.timeline.length === 0;
    if (!this.element.open) return;
    const several = reading.tracks.length > 1;
    const names = ["from", "to", ...(several ? ["who"] : []), "answer", "probability", "valence", "arousal"];
    const heads = [...names, ...MODALITIES.map((m) => `${MODALITY_WORDS[m]} for`)];
    const head = el("tr", {}, ...heads.map((name) => el("th", { scope: "col" }, name)));
    const rows = reading.timeline.map((row) => el("tr", {}, ...this.cells(row, several).map((text) => el("td", {}, text))));
    this.body.replaceChildren(
      el("table", {}, el("caption", { class: "hidden" }, "Each row of the timeline"), el("thead", {}, head), el("tbody", {}, ...rows)),
    );
  }

  private cells(row: Row, several: boolean): string[] {
    const { reading } = this.store;
    const { estimate } = row;
    const number = (value: number | null | undefined): string => (value === null || value === undefined ? "" : signed(value));
    const height = estimate?.top ? heights(estimate)[estimate.top]?.toFixed(2) ?? "" : "";
    return [
      clockTime(row.start, true),
      clockTime(row.end, true),
      ...(several ? [person(reading, row.track) || "voice, words"] : []),
      estimate ? answer(estimate) : "nothing to go by",
      height,
      number(estimate?.valence),
      number(estimate?.arousal),
      ...MODALITIES.map((m) => (estimate ? alone(estimate, m, reading.labels)?.label ?? "" : "")),
    ];
  }
}
