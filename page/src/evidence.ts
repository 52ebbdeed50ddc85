// Why: what words, voice and face each added for and against every label, at the moment looked at
// or in the whole.

import { button, el, styled } from "./element";
import { signed } from "./estimate";
import { clockTime, flag, MODALITIES, MODALITY_WORDS, presence, type Estimate, type Modality } from "./reading";
import type { Store } from "./store";

/** The labels shown: those for which the most was said. */
const SHOWN = 8;

export class Evidence {
  readonly element = el("section", { class: "card evidence", "aria-label": "Evidence" });
  private whole = false;

  constructor(private readonly store: Store) {
    store.listen(() => this.draw());
  }

  private draw(): void {
    const { store } = this;
    const { summary } = store.reading;
    const timed = store.span > 0;
    const whole = this.whole || !timed;
    const row = whole ? null : store.row;
    const estimate = whole ? summary.estimate : (row?.estimate ?? null);
    const flags = whole ? summary.flags : (row?.flags ?? []);
    const title = el("h2", {}, "Evidence");
    const place = whole
      ? "in the whole"
      : row
        ? `${clockTime(row.start, true)} to ${clockTime(row.end, true)}`
        : `at ${clockTime(store.moment, true)}`;
    const head = el("header", {}, title, timed ? this.choice() : null);
    const body = estimate ? this.chart(estimate) : [el("p", { class: "muted" }, "There was nothing to go by.")];
    const notes = flags.filter((name) => name !== "modality_absent").map(flag);
    this.element.replaceChildren(
      head,
      el("p", { class: "muted when" }, [place, ...notes].join(" · ")),
      ...body,
    );
  }

  private choice(): HTMLElement {
    const option = (label: string, whole: boolean): HTMLElement =>
      button(label, { "aria-pressed": String(this.whole === whole) }, () => {
        this.whole = whole;
        this.draw();
        this.element.querySelector<HTMLElement>('.segments [aria-pressed="true"]')?.focus();
      });
    return el("div", { class: "segments", role: "group", "aria-label": "Evidence for" }, option("here", false), option("whole", true));
  }

  private chart(estimate: Estimate): HTMLElement[] {
    const { names } = this.store.reading.labels;
    const present = MODALITIES.filter((m) => estimate.evidence[m]);
    const amount = (name: string): number =>
      Math.max(...present.map((m) => Math.abs(estimate.evidence[m]?.[name] ?? 0)), 0);
    const shown = [...names]
      .sort((a, b) => (estimate.logits[b] ?? 0) - (estimate.logits[a] ?? 0))
      .slice(0, SHOWN);
    const most = Math.max(...shown.map(amount), 1e-3);
    const chart = el("div", { class: "bars" });
    for (const name of shown) chart.append(this.row(name, estimate, present, most));
    return [this.legend(estimate), chart];
  }

  private row(name: string, estimate: Estimate, present: readonly Modality[], most: number): HTMLElement {
    const bars = present.map((modality) => {
      const value = estimate.evidence[modality]?.[name] ?? 0;
      const share = (Math.abs(value) / most) * 50;
      const bar = el("i", { class: modality });
      return styled(bar, {
        left: `${value < 0 ? 50 - share : 50}%`,
        width: `${share}%`,
      });
    });
    const said = present.map(
      (modality) => `${MODALITY_WORDS[modality]} ${signed(estimate.evidence[modality]?.[name] ?? 0)}`,
    );
    const label = el("span", { class: "name", title: name }, el("i", { class: "dot" }), el("span", {}, name));
    const plot = el("span", { class: "plot", role: "img", "aria-label": said.join(", "), title: said.join(", ") }, ...bars);
    const sum = el("span", { class: "value" }, signed(estimate.logits[name] ?? 0));
    const row = el("div", { class: estimate.top === name ? "bar leads" : "bar" }, label, plot, sum);
    return styled(row, { "--c": this.store.colour(name) });
  }

  private legend(estimate: Estimate): HTMLElement {
    const { modalities } = this.store.reading;
    const keys = MODALITIES.map((modality) => {
      const here = estimate.evidence[modality] !== undefined;
      const state = modalities[modality];
      const why = here ? "" : state === "read" ? " (not here)" : ` (${presence(state)})`;
      return el("span", { class: here ? "key" : "key absent" }, el("i", { class: modality }), MODALITY_WORDS[modality] + why);
    });
    return el("div", { class: "legend" }, ...keys, el("span", { class: "ends" }, "against ‹ › for"));
  }
}
