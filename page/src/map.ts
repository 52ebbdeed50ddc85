// The valence-arousal map: pleasant to the right, excited at the top, the way that the recording
// takes, and where it is at the moment looked at.

import { el, styled, svg } from "./element";
import { feelingWords, loudest, signed } from "./estimate";
import { clockTime, type Estimate, type Row } from "./reading";
import type { Change, Store } from "./store";

/** Units of the drawing from its middle to an edge, and the room for words about it. */
const REACH = 100;
const MARGIN = 18;
/** More rows than this are drawn as a line alone. */
const DOTS = 400;

interface Place {
  row: Row;
  x: number;
  y: number;
}

export class AffectMap {
  readonly element = el("section", { class: "card map", "aria-label": "Valence and arousal" });
  private readonly now = svg("circle", { class: "now", r: 6 });
  private readonly words = el("p", { class: "muted" });

  constructor(
    private readonly store: Store,
    private readonly seek: (time: number) => void,
  ) {
    store.listen((change) => this.draw(change));
  }

  private draw(change: Change): void {
    const { store } = this;
    const summary = store.reading.summary.estimate;
    const places = store.lane.rows.map(placed).filter((place) => place !== null);
    this.element.hidden = places.length === 0 && point(summary) === null;
    if (this.element.hidden) return;
    if (change !== "moment") {
      this.element.replaceChildren(el("h2", {}, "Valence and arousal"), this.picture(places), this.words);
    }
    this.move();
  }

  private picture(places: readonly Place[]): SVGSVGElement {
    const { store } = this;
    const edge = REACH + MARGIN;
    const picture = svg("svg", {
      viewBox: `${-edge} ${-edge} ${2 * edge} ${2 * edge}`,
      role: "img",
      "aria-label": "Map from unpleasant to pleasant and from sleepy to excited",
    });
    picture.append(
      svg("rect", { class: "field", x: -REACH, y: -REACH, width: 2 * REACH, height: 2 * REACH, rx: 8 }),
      svg("path", { class: "axes", d: `M${-REACH} 0H${REACH}M0 ${-REACH}V${REACH}` }),
      svg("text", { x: 0, y: -REACH - 6, "text-anchor": "middle" }, "excited"),
      svg("text", { x: 0, y: REACH + 13, "text-anchor": "middle" }, "sleepy"),
      svg("text", { transform: `translate(${-REACH - 7} 0) rotate(-90)`, "text-anchor": "middle" }, "unpleasant"),
      svg("text", { transform: `translate(${REACH + 13} 0) rotate(-90)`, "text-anchor": "middle" }, "pleasant"),
    );
    const whole = point(store.reading.summary.estimate);
    if (whole && store.span > 0) {
      picture.append(svg("circle", { class: "whole", cx: whole.x, cy: whole.y, r: 9 }));
    }
    picture.append(svg("g", { class: "trail" }, ...this.trail(places)), this.now);
    return picture;
  }

  /** The way through the map, paler the longer ago. */
  private trail(places: readonly Place[]): SVGElement[] {
    const { store } = this;
    const parts: SVGElement[] = [];
    if (places.length > DOTS) {
      const way = places.map(({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L");
      return [svg("path", { d: `M${way}` })];
    }
    places.forEach((place, i) => {
      const before = places[i - 1];
      const age = 0.25 + (0.75 * (i + 1)) / places.length;
      if (before) {
        const line = svg("line", { x1: before.x, y1: before.y, x2: place.x, y2: place.y });
        parts.push(styled(line, { opacity: age.toFixed(2) }));
      }
    });
    for (const place of places) {
      const estimate = place.row.estimate!;
      const dot = svg("circle", { cx: place.x, cy: place.y, r: 3.2 });
      dot.classList.toggle("uncertain", estimate.uncertain);
      dot.append(svg("title", {}, `${clockTime(place.row.start)} ${estimate.top ?? ""}`));
      dot.addEventListener("click", () => this.seek(place.row.start));
      dot.addEventListener("pointerenter", () => this.store.hover(place.row.start));
      dot.addEventListener("pointerleave", () => this.store.hover(null));
      parts.push(styled(dot, { "--c": store.colour(loudest(estimate)?.label ?? null) }));
    }
    return parts;
  }

  private move(): void {
    const { store } = this;
    const estimate = store.estimate ?? (store.span > 0 ? null : store.reading.summary.estimate);
    const place = point(estimate);
    this.now.classList.toggle("hidden", place === null);
    if (!place || !estimate) {
      this.words.textContent = "Nothing to place here.";
      return;
    }
    this.now.setAttribute("cx", String(place.x));
    this.now.setAttribute("cy", String(place.y));
    styled(this.now, { "--c": store.colour(loudest(estimate)?.label ?? null) });
    const { valence, arousal } = estimate;
    this.words.textContent =
      `valence ${signed(valence!)}, arousal ${signed(arousal!)}: ${feelingWords(valence!, arousal!)}`;
  }
}

function placed(row: Row): Place | null {
  const place = point(row.estimate);
  return place && { row, ...place };
}

function point(estimate: Estimate | null): { x: number; y: number } | null {
  if (estimate === null || estimate.valence === null || estimate.arousal === null) return null;
  const cut = (value: number): number => Math.min(Math.max(value, -1), 1) * REACH;
  return { x: cut(estimate.valence), y: -cut(estimate.arousal) };
}
