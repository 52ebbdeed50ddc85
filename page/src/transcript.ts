// The words that were read, in order; the ones being said stand out, and a press goes to them.

import { button, el, styled } from "./element";
import { indexAt } from "./lanes";
import { clockTime, type Cue } from "./reading";
import type { Change, Store } from "./store";

export class Transcript {
  readonly element = el("section", { class: "card transcript", "aria-label": "Words" });
  private lines: { cue: Cue; line: HTMLElement }[] = [];
  private current: HTMLElement | null = null;

  constructor(
    private readonly store: Store,
    private readonly seek: (time: number) => void,
  ) {
    store.listen((change) => this.draw(change));
  }

  private draw(change: Change): void {
    const cues = this.store.reading.transcript ?? [];
    this.element.hidden = cues.length === 0;
    if (this.element.hidden) return;
    if (change !== "moment") {
      this.lines = cues.map((cue) => ({ cue, line: this.line(cue) }));
      const list = el("ol", { class: this.store.span > 0 ? "" : "alone" }, ...this.lines.map(({ line }) => el("li", {}, line)));
      this.element.replaceChildren(el("h2", {}, "Words"), list);
    }
    this.mark();
  }

  private line(cue: Cue): HTMLElement {
    const { start } = cue;
    if (start === null) return el("p", {}, cue.text);
    const { rows } = this.store.lane;
    const row = rows[indexAt(rows, (start + (cue.end ?? start)) / 2)];
    const press = button("", { class: "cue" }, () => this.seek(start));
    press.append(
      el("time", {}, clockTime(start)),
      styled(el("i", { class: "dot" }), { "--c": this.store.colour(row?.estimate?.top ?? null) }),
      el("span", {}, cue.text),
    );
    return press;
  }

  private mark(): void {
    const { moment } = this.store;
    const now = this.lines.find(
      ({ cue }) => cue.start !== null && cue.start <= moment && moment < (cue.end ?? cue.start + 1),
    )?.line;
    if (now === this.current) return;
    this.current?.removeAttribute("aria-current");
    this.current = now ?? null;
    if (!now) return;
    now.setAttribute("aria-current", "true");
    // Only the list scrolls, never the page.
    const list = now.closest("ol");
    if (list) list.scrollTop = now.offsetTop - list.offsetTop - list.clientHeight / 3;
  }
}
