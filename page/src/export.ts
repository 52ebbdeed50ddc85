// A reading as a file: JSON, CSV with the columns of `limbic predict -f csv`, or WebVTT cues.

import { answer, heights, loudest } from "./estimate";
import { lanes } from "./lanes";
import { MODALITIES, type PerLabel, type Reading, type Row } from "./reading";

export type Format = "json" | "csv" | "vtt";

const TYPES: Record<Format, string> = {
  json: "application/json",
  csv: "text/csv",
  vtt: "text/vtt",
};

/** Hands the reading to the browser as a file to keep. */
export function save(reading: Reading, format: Format): void {
  const url = URL.createObjectURL(new Blob([written(reading, format)], { type: TYPES[format] }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `${stem(reading.source)}.${format}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** The reading in a format. */
export function written(reading: Reading, format: Format): string {
  if (format === "json") return `${JSON.stringify(reading, null, 2)}\n`;
  return format === "csv" ? csv(reading) : webvtt(reading);
}

/** The name of a file without its folders and its ending. */
export function stem(source: string): string {
  const name = source.split(/[/\\]/).at(-1) ?? "";
  const bare = name.replace(/\.[^.]*$/, "").replace(/^-+/, "");
  return bare === "" ? "reading" : bare;
}

/** One line a row of the timeline (RFC 4180); what is absent is an empty field. */
export function csv(reading: Reading): string {
  const { names, kind } = reading.labels;
  const prefix = kind === "rating" ? "r" : "p";
  const header = [
    ...["source", "model", "target", "start", "end", "track", "emotion"],
    ...names.map((name) => `${prefix}_${name}`),
    ...["valence", "arousal"],
    ...MODALITIES.flatMap((modality) => names.map((name) => `${modality}_${name}`)),
    "flags",
  ];
  const lines = [header, ...reading.timeline.map((row) => fields(reading, row))];
  return lines.map((line) => `${line.map(field).join(",")}\n`).join("");
}

function fields(reading: Reading, row: Row): string[] {
  const { names } = reading.labels;
  const { estimate } = row;
  const numbers = (values: PerLabel | null | undefined): string[] => names.map((name) => four(values?.[name]));
  const said = estimate?.uncertain ? "uncertain" : (estimate?.yes?.join(";") ?? estimate?.answer ?? "");
  return [
    ...[reading.source, reading.model, reading.target],
    ...[String(row.start), String(row.end), row.track ?? "", said],
    ...numbers(estimate ? heights(estimate) : null),
    ...[four(estimate?.valence), four(estimate?.arousal)],
    ...MODALITIES.flatMap((modality) => numbers(estimate?.evidence[modality])),
    row.flags.join(" "),
  ];
}

/** Four decimals, and never a negative zero. */
function four(value: number | null | undefined): string {
  if (value === null || value === undefined) return "";
  const text = value.toFixed(4);
  return text === "-0.0000" ? "0.0000" : text;
}

const field = (text: string): string => (/["\n\r,]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** A cue for each row of the timeline, with who is meant as its voice. */
export function webvtt(reading: Reading): string {
  const known = lanes(reading);
  const name = (row: Row): string => known.find((lane) => known.length > 1 && lane.track === row.track)?.name ?? "";
  const cues = reading.timeline
    .filter((row) => row.estimate !== null && row.end > row.start)
    .map((row) => {
      const voice = name(row);
      const text = escaped(cueWords(row));
      return `${stamp(row.start)} --> ${stamp(row.end)}\n${voice ? `<v ${escaped(voice)}>${text}</v>` : text}\n`;
    });
  return ["WEBVTT\n", `NOTE ${reading.note.replaceAll("-->", "")}\n`, ...cues].join("\n");
}

function cueWords({ estimate }: Row): string {
  if (!estimate) return "";
  const best = loudest(estimate);
  if (!best) return Object.entries(estimate.logits).map(([label, value]) => `${label} ${value.toFixed(2)}`).join(", ");
  const percent = `${Math.round(best.share * 100)} %`;
  if (estimate.uncertain) return `uncertain (most likely: ${best.label}, ${percent})`;
  return estimate.yes ? answer(estimate) : `${best.label} ${percent}`;
}

function stamp(seconds: number): string {
  const all = Math.round(seconds * 1000);
  const pad = (value: number, width = 2): string => String(value).padStart(width, "0");
  const [h, m, s] = [Math.floor(all / 3_600_000), Math.floor(all / 60_000) % 60, Math.floor(all / 1000) % 60];
  return `${pad(h)}:${pad(m)}:${pad(s)}.${pad(all % 1000, 3)}`;
}

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
