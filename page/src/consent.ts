// What is said before the microphone or the camera is opened, and the agreement that opens them.

import { button, el } from "./element";

/** What may be opened. */
export interface Wanted {
  microphone: boolean;
  camera: boolean;
}

const WORDS =
  "Sound and pictures go to the program on this machine and nowhere else; nothing is kept. " +
  "When you stop, the reading stays on this page until you close it.";

/** The card that asks; `agreed` is called with what was chosen. */
export function consent(agreed: (wanted: Wanted) => void, cancelled: () => void): HTMLElement {
  const microphone = el("input", { type: "checkbox", checked: true });
  const camera = el("input", { type: "checkbox", checked: true });
  const all = el("input", { type: "checkbox" });
  const start = button("Start", { class: "primary", disabled: true }, () =>
    agreed({ microphone: microphone.checked, camera: camera.checked }),
  );
  const ready = (): void => {
    start.disabled = !all.checked || !(microphone.checked || camera.checked);
  };
  for (const box of [microphone, camera, all]) box.addEventListener("change", ready);
  const card = el(
    "section",
    { class: "card consent", "aria-labelledby": "consent-title" },
    el("h2", { id: "consent-title" }, "Before the microphone and the camera are opened"),
    el("p", {}, WORDS),
    el("p", { class: "muted" }, "Read only people who know of it. Never watch people at work, in education or in hiring."),
    el("div", { class: "choices" }, choice(microphone, "Microphone"), choice(camera, "Camera")),
    choice(all, "Everyone who can be heard or seen agrees."),
    el("div", { class: "actions" }, start, button("Cancel", {}, cancelled)),
  );
  // A browser may remember boxes; agreement is given anew each time.
  all.checked = false;
  return card;
}

const choice = (box: HTMLInputElement, label: string): HTMLElement =>
  el("label", { class: "choice" }, box, el("span", {}, label));
