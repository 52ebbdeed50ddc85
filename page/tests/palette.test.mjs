// Colours that stay apart for everybody, and stay with their names.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { modules } from "./modules.mjs";

const { loaded, close } = await modules("palette");
const [{ EIGHT, palette }] = loaded;
after(close);

/** How colours look with full sight and with each kind of colour blindness (Machado et al. 2009). */
const SIGHT = {
  full: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  deuteranopia: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
  protanopia: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  tritanopia: [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039],
};

const linear = (hex) =>
  [1, 3, 5].map((i) => {
    const c = parseInt(hex.slice(i, i + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });

const seen = (rgb, m) => [0, 1, 2].map((i) => Math.min(1, Math.max(0, m[3 * i] * rgb[0] + m[3 * i + 1] * rgb[1] + m[3 * i + 2] * rgb[2])));

function oklab([r, g, b]) {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

for (const [theme, place] of [["paper", 0], ["dark", 1]]) {
  for (const [sight, matrix] of Object.entries(SIGHT)) {
    test(`the eight stay apart on ${theme} with ${sight} sight`, () => {
      const places = Object.entries(EIGHT).map(([name, colour]) => [name, oklab(seen(linear(colour[place]), matrix))]);
      for (const [a, x] of places) {
        for (const [b, y] of places.filter(([name]) => name > a)) {
          const distance = Math.hypot(...x.map((value, i) => value - y[i]));
          assert.ok(distance > 0.099, `${a} and ${b}: ${distance}`);
        }
      }
    });
  }
}

test("a name added to the eight leaves their colours alone and has its own", () => {
  const names = Object.keys(EIGHT);
  const colours = palette([...names, "awe", "joy"]);
  for (const name of names) assert.equal(colours.get(name), EIGHT[name]);
  assert.equal(new Set(colours.values()).size, 10);
  assert.equal(palette(["joy", "awe"]).get("joy"), EIGHT.happiness);
});

test("any number of names has colours", () => {
  const names = Array.from({ length: 1000 }, (_, i) => `label ${i}`);
  assert.equal(palette(names).size, 1000);
});
