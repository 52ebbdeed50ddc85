// Who is spoken of: where several faces are seen at once, each has its own row for the same
// stretch and one row without a face holds voice and words. A lane is one of these through time.

import type { Reading, Row } from "./reading";

export interface Lane {
  /** The face, or `null` for everything together, or voice and words. */
  track: string | null;
  name: string;
  /** One letter for a person, empty for nobody in particular. */
  letter: string;
  rows: Row[];
}

/** The letter of a person: A, B, … Z, then AA. */
export function letter(index: number): string {
  const rest = index >= 26 ? letter(Math.floor(index / 26) - 1) : "";
  return rest + String.fromCharCode(65 + (index % 26));
}

/** What a person is called in this reading. */
export function person(reading: Reading, track: string | null): string {
  const index = reading.tracks.findIndex((known) => known.id === track);
  return index < 0 ? "" : `Person ${letter(index)}`;
}

/** The lanes of a reading; a single one where no stretch has two rows. */
export function lanes(reading: Reading): Lane[] {
  const rows = reading.timeline;
  const several = rows.some((row, i) => i > 0 && rows[i - 1]!.start === row.start);
  if (!several) return [{ track: null, name: "answer", letter: "", rows }];
  const persons = reading.tracks.map((track, index) => ({
    track: track.id,
    name: `Person ${letter(index)}`,
    letter: letter(index),
    rows: rows.filter((row) => row.track === track.id),
  }));
  const rest = rows.filter((row) => row.track === null);
  const others = { track: null, name: "voice, words", letter: "", rows: rest };
  return [...persons, others].filter((lane) => lane.rows.length > 0);
}

/** The place of the row that holds a time, or -1. */
export function indexAt(rows: readonly Row[], time: number): number {
  const after = rows.findIndex((row) => row.start > time + 1e-6);
  const index = (after < 0 ? rows.length : after) - 1;
  const row = rows[index];
  // The last row holds its own end, so that a playhead at rest at the end still speaks.
  const last = index === rows.length - 1;
  return row && (time < row.end - 1e-6 || (last && time <= row.end + 0.5)) ? index : -1;
}
