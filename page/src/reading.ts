// The reading as the program writes it (docs/reading.md), and the words people see for its names.

export type Modality = "text" | "audio" | "vision";
export type PerLabel = Record<string, number>;

export interface Span {
  start: number;
  end: number;
}

export interface Labels {
  set: string | null;
  kind: "class" | "multi" | "rating";
  names: string[];
}

export interface Estimate {
  answer: string | null;
  uncertain: boolean;
  top: string | null;
  yes?: string[];
  probabilities: PerLabel | null;
  logits: PerLabel;
  evidence: Partial<Record<Modality, PerLabel>>;
  valence: number | null;
  arousal: number | null;
}

export interface Row extends Span {
  track: string | null;
  estimate: Estimate | null;
  flags: string[];
}

/** Where a face was at one time, in shares of the picture. */
export interface Box {
  at: number;
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface Track {
  id: string;
  span: Span;
  pictures: number;
  estimate: Estimate | null;
  boxes?: Box[];
}

export interface Cue {
  start: number | null;
  end: number | null;
  text: string;
}

export interface Reading {
  schema: string;
  model: string;
  target: string;
  note: string;
  source: string;
  duration: number | null;
  every: number;
  labels: Labels;
  modalities: Record<Modality, string>;
  skipped: { span: Span | null; reason: string }[];
  summary: { track: string | null; estimate: Estimate | null; flags: string[] };
  tracks: Track[];
  timeline: Row[];
  transcript?: Cue[];
  warnings?: string[];
}

export const MODALITIES: readonly Modality[] = ["text", "audio", "vision"];

/** What people call a modality. */
export const MODALITY_WORDS: Record<Modality, string> = {
  text: "words",
  audio: "voice",
  vision: "face",
};

const PRESENCE_WORDS: Record<string, string> = {
  read: "read",
  not_requested: "not asked for",
  not_in_file: "not there",
  no_expert: "no expert in the model",
  unreadable: "not readable",
  no_face: "no face found",
  no_speech: "no speech found",
  no_words: "no words",
  too_short: "too little speech",
};

const FLAG_WORDS: Record<string, string> = {
  no_face: "no face here",
  no_speech: "no speech here",
  no_words: "no words here",
  too_short: "too little speech",
  modality_absent: "not everything asked for is in the file",
  several_faces: "several faces",
  speaker_unknown: "nobody knows who speaks",
  face_small: "the face is small, its reading rougher",
  damaged_part_skipped: "a damaged part was left out",
};

/** What became of a modality, in words. */
export const presence = (name: string): string => PRESENCE_WORDS[name] ?? name.replaceAll("_", " ");

/** A remark on a row, in words. */
export const flag = (name: string): string => FLAG_WORDS[name] ?? name.replaceAll("_", " ");

/** The last second that a reading speaks of; zero where nothing in it has a time. */
export function length(reading: Reading): number {
  const ends = reading.timeline.map((row) => row.end);
  return reading.duration ?? Math.max(0, ...ends);
}

/** Seconds as people write them: `0:07`, `1:02:03`, with tenths where they matter. */
export function clockTime(seconds: number, tenths = false): string {
  const whole = tenths ? Math.floor(seconds * 10 + 1e-6) / 10 : Math.floor(seconds + 1e-6);
  const [h, m] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const s = (whole % 60).toFixed(tenths ? 1 : 0).padStart(tenths ? 4 : 2, "0");
  return h > 0 ? `${h}:${String(m).padStart(2, "0")}:${s}` : `${m}:${s}`;
}
