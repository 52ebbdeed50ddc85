// What can be measured of how a page looks. Each function runs in the page and lists what is wrong.

/** Text that lies on other text, and anything wider than the page. */
export function overlaps() {
  const found = [];
  if (document.documentElement.scrollWidth > innerWidth) found.push(`the page is ${document.documentElement.scrollWidth} wide`);
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!node.data.trim() || !parent.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    if (parent.closest(".hidden, .skip, option, script, noscript, .pointer")) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const rect of range.getClientRects()) {
      let { left, top, right, bottom } = rect;
      for (let e = parent; e; e = e.parentElement) {
        if (getComputedStyle(e).overflow === "visible") continue;
        const clip = e.getBoundingClientRect();
        [left, top] = [Math.max(left, clip.left), Math.max(top, clip.top)];
        [right, bottom] = [Math.min(right, clip.right), Math.min(bottom, clip.bottom)];
      }
      if (right - left > 1 && bottom - top > 1) texts.push({ left, top, right, bottom, node, text: node.data.trim() });
    }
  }
  texts.forEach((a, i) => {
    if (a.right > innerWidth + 1 || a.left < -1) found.push(`"${a.text}" stands outside the page`);
    for (const b of texts.slice(i + 1)) {
      if (a.node === b.node) continue;
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      // Lines of one size may touch by the space above their letters.
      if (across > 1.5 && down > 4) found.push(`"${a.text}" lies on "${b.text}"`);
    }
  });
  return found;
}

/** Cards without words, drawings without a line, plots without a size. */
export function emptiness() {
  const found = [];
  const shown = (element) => element.checkVisibility();
  for (const card of document.querySelectorAll(".card")) {
    if (shown(card) && !card.innerText.trim()) found.push(`empty: ${card.className}`);
  }
  for (const drawing of document.querySelectorAll(".view svg")) {
    if (!shown(drawing)) continue;
    const { width, height } = drawing.getBoundingClientRect();
    if (width < 4 || height < 4) found.push(`a drawing of ${width} by ${height} in ${drawing.parentElement.className}`);
    for (const path of drawing.querySelectorAll("path")) if (!path.getAttribute("d")) found.push("a path without a line");
  }
  return found;
}

/** Things to press, type in or slide that have no name for those who do not see them. */
export function nameless() {
  const all = document.querySelectorAll("button, input, textarea, select, a, summary, [role=slider], [role=img], video, img");
  return [...all]
    .filter((e) => e.checkVisibility())
    .filter((e) => {
      const labels = [...(e.labels ?? [])].map((label) => label.textContent).join("");
      const by = document.getElementById(e.getAttribute("aria-labelledby") ?? "")?.textContent;
      return ![e.getAttribute("aria-label"), labels, by, e.getAttribute("alt"), e.textContent].some((name) => name?.trim());
    })
    .map((e) => e.outerHTML.slice(0, 80));
}

/** Text whose contrast is below AA of WCAG 2.2. */
export function pale() {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const paint = (...colours) => {
    canvas.clearRect(0, 0, 1, 1);
    for (const colour of colours) {
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
    }
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      layers.unshift(colour);
      if (paint(colour)[3] === 255) break;
    }
    return layers;
  };
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!node.data.trim() || !parent.checkVisibility({ visibilityProperty: true }) || parent.closest(".hidden, option, :disabled, script")) continue;
    const style = getComputedStyle(parent);
    const layers = behind(parent);
    const colour = parent instanceof SVGElement ? style.fill : style.color;
    const [a, b] = [light(paint(...layers).slice(0, 3)), light(paint(...layers, colour).slice(0, 3))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) found.add(`"${node.data.trim().slice(0, 30)}" ${ratio.toFixed(2)}`);
  }
  return [...found];
}
