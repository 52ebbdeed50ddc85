// A colour for each label, the same for the same name wherever it can be. The eight were chosen by
// search so that any two stay apart (0.1 and more in OKLab) for full sight, deuteranopia,
// protanopia and tritanopia, on paper and in the dark; tests/palette.test.mjs measures it. Colour is
// never alone: a name stands beside it.

/** On paper, in the dark. */
export type Colour = readonly [string, string];

export const EIGHT: Record<string, Colour> = {
  neutral: ["#69737d", "#6f7177"],
  happiness: ["#dea61a", "#fdd25c"],
  sadness: ["#2046b4", "#0a7be2"],
  anger: ["#a63932", "#d54d1d"],
  fear: ["#643e6e", "#e988ff"],
  disgust: ["#968c00", "#a4af38"],
  surprise: ["#33baf6", "#9dedfa"],
  calm: ["#2ca68b", "#20d2b1"],
};

/** For names that mean none of the eight, and for what is left when theirs are taken. */
const MORE: readonly Colour[] = [
  ["#c2578f", "#f497c0"],
  ["#7a4a1e", "#c58f5c"],
  ["#5c6fd6", "#98a7ff"],
  ["#4f7a28", "#86c05a"],
  ["#9a2f6a", "#d3619c"],
  ["#b5651d", "#ee9f5b"],
  ["#1f7385", "#57b4c8"],
  ["#8d6cc9", "#bda2f0"],
];

/** Names that mean nearly the same as one of the eight. */
const KIN: Record<string, string> = {
  joy: "happiness",
  happy: "happiness",
  sad: "sadness",
  grief: "sadness",
  angry: "anger",
  annoyance: "anger",
  nervousness: "fear",
  disgusted: "disgust",
  surprised: "surprise",
  amazement: "surprise",
  calmness: "calm",
  relief: "calm",
  valence: "happiness",
  arousal: "anger",
  dominance: "sadness",
};

/** The colour of each name among `names`. */
export function palette(names: readonly string[]): Map<string, Colour> {
  const colours = new Map<string, Colour>();
  const taken = new Set<Colour>();
  const give = (name: string, colour: Colour | undefined): void => {
    if (!colour || colours.has(name) || taken.has(colour)) return;
    colours.set(name, colour);
    taken.add(colour);
  };
  for (const name of names) give(name, EIGHT[name.toLowerCase()]);
  for (const name of names) give(name, EIGHT[KIN[name.toLowerCase()] ?? ""]);
  const spare = [...MORE, ...Object.values(EIGHT)];
  for (const name of names) give(name, spare.find((colour) => !taken.has(colour)));
  // More labels than colours: they come round again.
  names.forEach((name, i) => {
    if (!colours.has(name)) colours.set(name, spare[i % spare.length]!);
  });
  return colours;
}

/** A colour as a value of CSS that follows light and dark. */
export const css = ([paper, dark]: Colour): string => `light-dark(${paper}, ${dark})`;
