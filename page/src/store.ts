// What is being looked at: a reading, one of its lanes, a moment. Parts of the view listen and draw
// themselves again when what they show has changed.

import { indexAt, lanes, type Lane } from "./lanes";
import { css, palette } from "./palette";
import { length, type Estimate, type Reading, type Row } from "./reading";

/** What changed: the whole reading, who is looked at, or the moment. */
export type Change = "reading" | "lane" | "moment";

export class Store {
  reading: Reading;
  lanes: Lane[];
  /** Seconds that the timeline spans; zero where nothing has a time. */
  span: number;
  /** Where the playhead is, in seconds. */
  time = 0;
  /** Where the pointer is, which goes before the playhead while it is there. */
  hovered: number | null = null;
  private chosen = 0;
  private colours: Map<string, string>;
  private readonly listeners: ((change: Change) => void)[] = [];

  constructor(reading: Reading) {
    this.reading = reading;
    this.lanes = lanes(reading);
    this.span = length(reading);
    this.colours = colours(reading);
  }

  /** Calls `listener` now and after every change. */
  listen(listener: (change: Change) => void): void {
    this.listeners.push(listener);
    listener("reading");
  }

  /** Shows another reading of the same thing, at the same moment; `span` is for what still grows. */
  replace(reading: Reading, span = length(reading)): void {
    const before = this.lane.track;
    this.reading = reading;
    this.lanes = lanes(reading);
    this.span = span;
    this.colours = colours(reading);
    this.chosen = Math.max(0, this.lanes.findIndex((lane) => lane.track === before));
    this.tell("reading");
  }

  get lane(): Lane {
    return this.lanes[this.chosen] ?? { track: null, name: "answer", letter: "", rows: [] };
  }

  choose(lane: Lane): void {
    const index = this.lanes.indexOf(lane);
    if (index < 0 || index === this.chosen) return;
    this.chosen = index;
    this.tell("lane");
  }

  seek(time: number): void {
    this.time = Math.min(Math.max(time, 0), this.span);
    this.tell("moment");
  }

  hover(time: number | null): void {
    if (time === this.hovered) return;
    this.hovered = time;
    this.tell("moment");
  }

  /** The moment looked at: under the pointer, else under the playhead. */
  get moment(): number {
    return this.hovered ?? this.time;
  }

  /** The row looked at. */
  get row(): Row | null {
    const { rows } = this.lane;
    if (this.span <= 0) return rows[0] ?? null;
    return rows[indexAt(rows, this.moment)] ?? null;
  }

  get estimate(): Estimate | null {
    return this.row?.estimate ?? null;
  }

  /** The colour of a label, as a value of CSS. */
  colour(label: string | null): string {
    return (label === null ? undefined : this.colours.get(label)) ?? "var(--line-strong)";
  }

  private tell(change: Change): void {
    for (const listener of this.listeners) listener(change);
  }
}

function colours(reading: Reading): Map<string, string> {
  const chosen = palette(reading.labels.names);
  return new Map([...chosen].map(([name, colour]) => [name, css(colour)]));
}
