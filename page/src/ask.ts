// What readings speak of: emotions added by their words, a label set, the length of a row.

import { DEFAULT, type Asked, type Model } from "./api";
import { button, el, styled } from "./element";
import { MODALITIES, MODALITY_WORDS, type Reading } from "./reading";

/** The model's own labels are taken along with an added word up to this many. */
const OWN = 12;

const ROWS: readonly [string, string][] = [
  ["250ms", "¼ s"],
  ["500ms", "½ s"],
  ["1s", "1 s"],
  ["2s", "2 s"],
  ["5s", "5 s"],
  ["30s", "30 s"],
];

export class Ask {
  readonly element = el("section", { class: "card ask", "aria-label": "What is asked" });
  asked: Asked = DEFAULT;
  private model: Model | null = null;
  private reading: Reading | null = null;
  private colours: (label: string) => string = () => "";
  private again = true;
  private open = false;

  /** `changed` is called with what is asked now. */
  constructor(private readonly changed: (asked: Asked) => void) {}

  /** Draws itself for a model and a reading; `again` tells whether it can be read once more. */
  show(model: Model | null, reading: Reading, colours: (label: string) => string, again: boolean): void {
    this.model = model;
    this.reading = reading;
    this.colours = colours;
    this.again = again;
    this.draw();
  }

  private draw(): void {
    const words = this.model?.words ?? false;
    const parts: HTMLElement[] = [];
    if (!this.again) {
      parts.push(el("p", { class: "muted" }, "What was heard and seen is not kept, so it cannot be read again for other emotions."));
    } else {
      parts.push(words ? this.form() : el("p", { class: "muted" }, "This model cannot be asked for emotions by their words."));
      if (this.asked.emotions.length > 0) parts.push(this.chips());
      parts.push(...(this.reading?.warnings ?? []).map((warning) => el("p", { class: "warning", role: "status" }, warning)));
      parts.push(this.more());
    }
    this.element.replaceChildren(...parts);
  }

  private change(part: Partial<Asked>): void {
    this.asked = { ...this.asked, ...part };
    this.draw();
    this.changed(this.asked);
  }

  private form(): HTMLElement {
    const name = el("input", {
      type: "text",
      name: "emotion",
      autocomplete: "off",
      spellcheck: "false",
      placeholder: "awe, or contempt = the feeling that someone is beneath you",
    });
    const form = el(
      "form",
      { class: "add" },
      el("label", {}, el("span", {}, "Add an emotion"), name),
      el("button", {}, "Add"),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const added = name.value.trim().replace(/\s*=\s*/, "=").replaceAll(";", ",");
      if (added === "") return;
      this.change({ emotions: [...this.current().filter((known) => head(known) !== head(added)), added], labels: null });
      this.element.querySelector<HTMLInputElement>('[name="emotion"]')?.focus();
    });
    return form;
  }

  /** What is spoken of now, as words. */
  private current(): readonly string[] {
    if (this.asked.emotions.length > 0) return this.asked.emotions;
    const labels = this.reading?.labels;
    return labels && labels.kind === "class" && labels.names.length <= OWN ? labels.names : (this.model?.labels.names ?? []).slice(0, OWN);
  }

  private chips(): HTMLElement {
    const { emotions } = this.asked;
    const chips = emotions.map((emotion) => {
      const chip = el("li", { title: emotion }, el("i", { class: "dot" }), el("span", {}, head(emotion)));
      // At least two are needed to choose between.
      if (emotions.length > 2) {
        chip.append(button("×", { "aria-label": `Remove ${head(emotion)}` }, () => this.change({ emotions: emotions.filter((e) => e !== emotion) })));
      }
      return styled(chip, { "--c": this.colours(head(emotion)) });
    });
    const back = button("Back to the model's own labels", { class: "quiet" }, () => this.change({ emotions: [] }));
    return el("div", { class: "named" }, el("ul", { class: "chips", "aria-label": "Emotions asked for" }, ...chips), back);
  }

  private more(): HTMLElement {
    const { asked } = this;
    const sets = this.model?.sets ?? [];
    const labels = select("Labels", asked.labels ?? "", [["", "as the model shows"], ...sets.map((set): [string, string] => [set, set])], (set) =>
      this.change({ labels: set === "" ? null : set, emotions: [] }),
    );
    const every = select("One row", asked.every, ROWS, (every) => this.change({ every }));
    const used = MODALITIES.map((modality) => {
      const box = checkbox(MODALITY_WORDS[modality], asked.modalities.includes(modality), (on) => {
        const others = asked.modalities.filter((m) => m !== modality);
        // With none there would be nothing to read.
        if (on || others.length > 0) this.change({ modalities: MODALITIES.filter((m) => (m === modality ? on : others.includes(m))) });
        else this.draw();
      });
      return box;
    });
    const always = checkbox("Always answer, however unsure", asked.always, (on) => this.change({ always: on }));
    const details = el(
      "details",
      { open: this.open },
      el("summary", {}, "Options"),
      el("div", { class: "options" }, ...(sets.length > 1 ? [labels] : []), every, el("div", { class: "choices", role: "group", "aria-label": "Use" }, ...used), always),
    );
    details.addEventListener("toggle", () => {
      this.open = details.open;
    });
    return details;
  }
}

/** The name of an emotion without its definition. */
const head = (emotion: string): string => (emotion.split("=")[0] ?? "").trim();

function select(label: string, value: string, choices: readonly (readonly [string, string])[], chosen: (value: string) => void): HTMLElement {
  const list = el("select", {}, ...choices.map(([name, text]) => el("option", { value: name, selected: name === value }, text)));
  list.addEventListener("change", () => chosen(list.value));
  return el("label", { class: "select" }, el("span", {}, label), list);
}

function checkbox(label: string, checked: boolean, changed: (on: boolean) => void): HTMLElement {
  const box = el("input", { type: "checkbox", checked });
  box.addEventListener("change", () => changed(box.checked));
  return el("label", { class: "choice" }, box, el("span", {}, label));
}
