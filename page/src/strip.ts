// A band through time with the name of what speaks loudest in each stretch, deeper in colour the
// surer it is, and hatched where the model is not sure enough to answer.

import { el, styled } from "./element";
import type { Said } from "./estimate";
import type { Row, Span } from "./reading";
import type { Store } from "./store";

/** Less than this share of the whole is too thin for a name. */
const THIN = 0.02;

interface Piece extends Span {
  said: Said | null;
  uncertain: boolean;
}

/** The band of `rows`; `say` tells what speaks in a row. */
export function strip(
  store: Store,
  rows: readonly Row[],
  say: (row: Row) => Said | null,
  hatch: boolean,
): HTMLElement {
  const band = el("div", { class: "strip", "aria-hidden": "true" });
  const pieces = rows.map((row) => ({
    start: row.start,
    end: row.end,
    said: say(row),
    uncertain: hatch && (row.estimate?.uncertain ?? false),
  }));
  for (const run of runs(pieces)) band.append(block(store, run));
  return band;
}

/** Neighbours that say the same. */
function runs(pieces: readonly Piece[]): Piece[][] {
  const found: Piece[][] = [];
  for (const piece of pieces) {
    const last = found.at(-1)?.at(-1);
    const same =
      last &&
      last.said?.label === piece.said?.label &&
      last.uncertain === piece.uncertain &&
      piece.start - last.end < 1e-3;
    if (same) found.at(-1)!.push(piece);
    else found.push([piece]);
  }
  return found.filter((run) => run[0]!.said !== null);
}

function block(store: Store, run: readonly Piece[]): HTMLElement {
  const [first, last] = [run[0]!, run.at(-1)!];
  const label = first.said!.label;
  // The mean over the seconds; one tint a block keeps hours light.
  const seconds = Math.max(last.end - first.start, 1e-9);
  const share =
    run.reduce((sum, piece) => sum + piece.said!.share * (piece.end - piece.start), 0) / seconds;
  const thin = seconds / store.span < THIN;
  const kind = first.uncertain ? "block uncertain" : "block";
  const made = el("div", { class: thin ? `${kind} thin` : kind }, thin ? null : el("span", {}, label));
  return styled(made, {
    left: `${(first.start / store.span) * 100}%`,
    width: `${(seconds / store.span) * 100}%`,
    "--c": store.colour(label),
    "--share": `${Math.round((thin ? 30 : 14) + 26 * share)}%`,
  });
}
