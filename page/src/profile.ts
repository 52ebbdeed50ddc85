// All labels of a reading without times, as bars: words alone, or a picture.

import { el, styled } from "./element";
import { heights } from "./estimate";
import type { Store } from "./store";

/** More labels than this are cut to the highest. */
const SHOWN = 12;

export class Profile {
  readonly element = el("section", { class: "card profile", "aria-label": "All labels" });

  constructor(private readonly store: Store) {
    store.listen((change) => {
      if (change === "reading") this.draw();
    });
  }

  private draw(): void {
    const { store } = this;
    const { estimate } = store.reading.summary;
    this.element.hidden = store.span > 0 || estimate === null;
    if (this.element.hidden || !estimate) return;
    const values = heights(estimate);
    const { names } = store.reading.labels;
    const highest = [...names].sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0)).slice(0, SHOWN);
    const most = Math.max(1, ...Object.values(values).map(Math.abs));
    const bars = names
      .filter((name) => highest.includes(name))
      .map((name) => {
        const value = values[name] ?? 0;
        const bar = styled(el("i", { class: estimate.uncertain ? "unsure" : "" }), {
          width: `${(Math.max(value, 0) / most) * 100}%`,
        });
        const label = el("span", { class: "name" }, el("i", { class: "dot" }), el("span", {}, name));
        const row = el("div", { class: estimate.top === name ? "bar leads" : "bar" }, label, el("span", { class: "plot" }, bar));
        row.append(el("span", { class: "value" }, value.toFixed(2).replace("-", "−")));
        return styled(row, { "--c": store.colour(name) });
      });
    const title = store.reading.labels.kind === "rating" ? "Ratings" : "How probable each is";
    this.element.replaceChildren(el("h2", {}, title), el("div", { class: "bars" }, ...bars));
  }
}
