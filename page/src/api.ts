// The program's own interface, at the place that this page came from and nowhere else.

import type { Modality, Reading } from "./reading";
import { carried } from "./token";

/** What is read: a file, perhaps with its words in another, or words alone. */
export type Subject =
  | { kind: "file"; file: File; words: File | null }
  | { kind: "words"; text: string };

/** How it is read. */
export interface Asked {
  /** Emotions by their words, or none for the labels of the model. */
  emotions: readonly string[];
  /** A label set of the model, or none for the one that it shows. */
  labels: string | null;
  every: string;
  modalities: readonly Modality[];
  /** Whether there is always an answer, however unsure. */
  always: boolean;
}

export interface Model {
  id: string;
  name: string;
  modalities: Modality[];
  labels: { set: string | null; kind: string; names: string[] };
  sets: string[];
  words: boolean;
  note: string;
}

export const DEFAULT: Asked = {
  emotions: [],
  labels: null,
  every: "1s",
  modalities: ["text", "audio", "vision"],
  always: false,
};

/** What the program answers instead of a reading: one sentence that says the way out. */
export class Problem extends Error {
  constructor(
    sentence: string,
    /** The status of the answer, if there was one. */
    readonly status = 0,
  ) {
    super(sentence);
  }
}

/** A list of emotions as the program takes it; semicolons part them where one holds a comma. */
export function listed(emotions: readonly string[]): string {
  return emotions.join(emotions.some((emotion) => emotion.includes(",")) ? "; " : ", ");
}

/** The options as the program names them, without those that are as they always are. */
export function options(asked: Asked): Record<string, string> {
  const given: Record<string, string> = {};
  if (asked.emotions.length > 0) given["emotions"] = listed(asked.emotions);
  else if (asked.labels !== null) given["labels"] = asked.labels;
  if (asked.every !== DEFAULT.every) given["every"] = asked.every;
  if (asked.modalities.length < 3) given["modalities"] = asked.modalities.join(",");
  if (asked.always) given["risk"] = "none";
  return given;
}

/** Reads a subject; `progress` is told the share of the work that is done. */
export async function predict(
  subject: Subject,
  asked: Asked,
  signal: AbortSignal,
  progress: (share: number) => void,
): Promise<Reading> {
  const body = new FormData();
  for (const [name, value] of Object.entries(options(asked))) body.append(name, value);
  if (subject.kind === "words") body.append("text", subject.text);
  else {
    body.append("file", subject.file, subject.file.name);
    if (subject.words) body.append("text", subject.words, subject.words.name);
  }
  const headers = { accept: "text/event-stream, application/json;q=0.5", ...carried() };
  const response = await reached(fetch("v1/predict", { method: "POST", body, headers, signal }));
  if (!response.ok) throw await problem(response);
  if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
    return (await response.json()) as Reading;
  }
  for await (const { event, data } of events(response)) {
    if (event === "progress") progress((JSON.parse(data) as { share: number }).share);
    if (event === "reading") return JSON.parse(data) as Reading;
    if (event === "error") throw told(JSON.parse(data));
  }
  throw new Problem("The program stopped before the reading was done; see its messages and try again.");
}

/** The models that can be asked; none where the program does not say. */
export async function models(): Promise<Model[]> {
  const response = await reached(fetch("v1/models", { headers: carried() }));
  if (!response.ok) throw await problem(response);
  return ((await response.json()) as { models: Model[] }).models;
}

/** Makes one sentence of whatever went wrong. */
export function told(problem: unknown, status = 0): Problem {
  const detail = (problem as { detail?: unknown; title?: unknown } | null) ?? {};
  const sentence = detail.detail ?? detail.title;
  return new Problem(typeof sentence === "string" ? sentence : "The program could not answer; see its messages.", status);
}

async function problem(response: Response): Promise<Problem> {
  try {
    return told(await response.json(), response.status);
  } catch {
    return new Problem(`The program answered ${response.status} without saying why; see its messages.`, response.status);
  }
}

async function reached(asked: Promise<Response>): Promise<Response> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem("The program cannot be reached; see that `limbic serve` is still running.");
  }
}

/** Server-sent events, one after another. */
export async function* events(response: Response): AsyncGenerator<{ event: string; data: string }> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let pending = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    pending += value;
    const parts = pending.split(/\r?\n\r?\n/);
    pending = parts.pop() ?? "";
    for (const part of parts) {
      const lines = part.split(/\r?\n/);
      const named = (name: string): string[] =>
        lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).replace(/^ /, ""));
      const data = named("data").join("\n");
      if (data !== "") yield { event: named("event").at(-1) ?? "message", data };
    }
  }
}
