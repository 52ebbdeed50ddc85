// What an estimate says, in numbers between nothing and certain, and in words.

import type { Estimate, Labels, Modality, PerLabel } from "./reading";

/** Of labels that are all there, so many are named. */
const NAMED = 3;

/** A label and how strongly it is meant, 0 to 1. */
export interface Said {
  label: string;
  share: number;
}

/** What is drawn for each label: probabilities, or the ratings themselves. */
export const heights = (estimate: Estimate): PerLabel =>
  estimate.probabilities ?? estimate.logits;

/** The label that speaks loudest in the whole estimate; `null` for ratings. */
export function loudest(estimate: Estimate): Said | null {
  const label = estimate.top;
  if (label === null || estimate.probabilities === null) return null;
  return { label, share: estimate.probabilities[label] ?? 0 };
}

/**
 * What one modality would say by itself: the evidence is a weighted log-probability, so its
 * softmax (of yes or no labels its logistic function) is the modality's own answer.
 */
export function alone(estimate: Estimate, modality: Modality, labels: Labels): Said | null {
  const evidence = estimate.evidence[modality];
  if (!evidence || labels.kind === "rating") return null;
  let best: Said | null = null;
  const total = labels.names.reduce((sum, name) => sum + Math.exp(evidence[name] ?? 0), 0);
  for (const label of labels.names) {
    const logit = evidence[label] ?? 0;
    const share = labels.kind === "class" ? Math.exp(logit) / total : 1 / (1 + Math.exp(-logit));
    if (best === null || share > best.share) best = { label, share };
  }
  return best;
}

/** The answer in words, as in `uncertain (most likely: joy)`. */
export function answer(estimate: Estimate): string {
  if (estimate.uncertain) {
    return estimate.top === null ? "uncertain" : `uncertain (most likely: ${estimate.top})`;
  }
  return estimate.yes ? highest(estimate, estimate.yes) : (estimate.answer ?? "");
}

/** The most probable of several labels that are there. */
function highest(estimate: Estimate, yes: readonly string[]): string {
  if (yes.length === 0) return "none of the labels";
  const share = (label: string): number => estimate.probabilities?.[label] ?? 0;
  const named = [...yes].sort((a, b) => share(b) - share(a)).slice(0, NAMED);
  const more = yes.length - named.length;
  return named.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** A point of the valence-arousal map in words. */
export function feelingWords(valence: number, arousal: number): string {
  const side = valence > 0.1 ? "pleasant" : valence < -0.1 ? "unpleasant" : "neither pleasant nor unpleasant";
  const height = arousal > 0.1 ? "excited" : arousal < -0.1 ? "sleepy" : "neither excited nor sleepy";
  return `${side}, ${height}`;
}

/** A number with its sign, as in `+0.41`. */
export const signed = (x: number): string => (x < 0 ? "−" : "+") + Math.abs(x).toFixed(2);
