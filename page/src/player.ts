// Play, pause, mute, and what time it is.

import { button, el, svg } from "./element";
import type { Clock } from "./clock";
import { clockTime } from "./reading";
import type { Store } from "./store";

const PLAY = "M8 5.5v13l11-6.5z";
const PAUSE = "M7 5h3.6v14H7zM13.4 5H17v14h-3.6z";

export class Player {
  readonly element = el("div", { class: "player" });
  private readonly icon = svg("path");
  private readonly press: HTMLButtonElement;
  private readonly time = el("span", { class: "time" });
  private readonly why = el("span", { class: "muted" });

  constructor(
    private readonly store: Store,
    private readonly clock: () => Clock | null,
    media: HTMLMediaElement | null,
  ) {
    this.press = button("", { class: "round" }, () => this.toggle());
    this.press.append(svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, this.icon));
    this.element.append(this.press, this.time);
    this.element.append(media ? mute(media) : this.why);
    if (!media) this.silent("without its sound");
    store.listen(() => this.draw());
  }

  /** Says why nothing is heard. */
  silent(why: string): void {
    this.why.textContent = why;
    this.element.lastElementChild?.replaceWith(this.why);
  }

  toggle(): void {
    const clock = this.clock();
    if (!clock) return;
    if (clock.playing) clock.pause();
    else {
      if (clock.time >= this.store.span - 0.05) clock.seek(0);
      clock.play();
    }
  }

  draw(): void {
    const playing = this.clock()?.playing ?? false;
    const wanted = playing ? PAUSE : PLAY;
    if (this.icon.getAttribute("d") !== wanted) this.icon.setAttribute("d", wanted);
    this.press.setAttribute("aria-label", playing ? "Pause" : "Play");
    this.time.textContent = `${clockTime(this.store.time, true)} / ${clockTime(this.store.span, true)}`;
  }
}

function mute(media: HTMLMediaElement): HTMLElement {
  const press = button("Mute", { class: "quiet", "aria-pressed": "false" }, () => {
    media.muted = !media.muted;
    press.setAttribute("aria-pressed", String(media.muted));
  });
  return press;
}
