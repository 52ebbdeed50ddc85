// The picture with a box about each face; where the recording is not at hand, an empty frame of its
// shape, so that the boxes still show who is where.

import { el, styled } from "./element";
import { loudest } from "./estimate";
import { indexAt, letter } from "./lanes";
import type { Box, Track } from "./reading";
import type { Change, Store } from "./store";

/** The recording as the page holds it. */
export interface Media {
  url: string;
  kind: "video" | "audio" | "image";
}

/** The height of a name at a box, in pixels. */
const NAME = 30;

/** A face is taken to be where it was last seen for so many seconds. */
const STAYS = 0.75;

export class Stage {
  readonly element = el("div", { class: "stage" });
  readonly player: HTMLMediaElement | null;
  private readonly frame = el("div", { class: "frame" });
  private readonly boxes = el("div", { class: "boxes" });

  constructor(
    private readonly store: Store,
    media: Media | null,
    aspect: number,
  ) {
    const picture = media === null || media.kind === "audio" ? null : shown(media);
    this.player = picture instanceof HTMLVideoElement ? picture : media?.kind === "audio" ? sound(media) : null;
    const shape = (value: number): void => {
      if (Number.isFinite(value) && value > 0) styled(this.frame, { "--aspect": value.toFixed(4) });
    };
    shape(aspect);
    if (picture instanceof HTMLVideoElement) {
      picture.addEventListener("loadedmetadata", () => {
        // A file without pictures that the browser can show is heard alone.
        if (picture.videoWidth === 0) this.element.classList.add("blind");
        else shape(picture.videoWidth / picture.videoHeight);
      });
    } else if (picture) {
      picture.addEventListener("load", () => shape(picture.naturalWidth / picture.naturalHeight));
    }
    this.frame.append(this.boxes);
    if (picture) this.frame.prepend(picture);
    else this.frame.classList.add("empty");
    this.element.append(this.frame);
    store.listen((change) => this.draw(change));
    // Names stand where there is room, which is known once the frame has a size.
    new ResizeObserver(() => this.draw("moment")).observe(this.frame);
  }

  /** Leaves only the boxes. */
  empty(): void {
    this.frame.classList.add("empty");
    this.frame.replaceChildren(this.boxes);
    this.draw("reading");
  }

  private draw(change: Change): void {
    const { tracks } = this.store.reading;
    if (change === "reading") {
      const bare = this.frame.classList.contains("empty");
      this.element.hidden = bare && !tracks.some((track) => (track.boxes ?? []).length > 0);
    }
    const several = tracks.length > 1;
    const drawn = tracks.map((track, index) => this.box(track, several ? letter(index) : ""));
    this.boxes.replaceChildren(...drawn.filter((box) => box !== null));
  }

  private box(track: Track, letter: string): HTMLElement | null {
    const { store } = this;
    const place = placeAt(track.boxes ?? [], store.moment, store.span <= 0);
    if (!place) return null;
    const lane = store.lanes.find((known) => known.track === track.id) ?? store.lanes[0];
    const row = lane?.rows[store.span > 0 ? indexAt(lane.rows, store.moment) : 0];
    const estimate = row?.estimate ?? (store.span > 0 ? null : track.estimate);
    const said = estimate ? loudest(estimate) : null;
    const words = [letter, estimate?.uncertain ? "uncertain" : (said?.label ?? "")].filter(Boolean).join(" · ");
    const box = el("div", { class: "box" }, words ? el("span", {}, words) : null);
    box.classList.toggle("unsure", estimate?.uncertain ?? true);
    // The name stands above the box, below it where there is no room, else inside.
    const height = this.frame.clientHeight;
    const above = place.y * height >= NAME;
    const below = (1 - place.y - place.h) * height >= NAME;
    if (!above) box.classList.add(below ? "below" : "inside");
    box.classList.toggle("right", place.x + place.w / 2 > 0.6);
    return styled(box, {
      left: `${place.x * 100}%`,
      top: `${place.y * 100}%`,
      width: `${place.w * 100}%`,
      height: `${place.h * 100}%`,
      "--c": store.colour(said?.label ?? null),
    });
  }
}

/** Where a face is at a time, between the pictures that were looked at. */
export function placeAt(boxes: readonly Box[], time: number, still = false): Box | null {
  if (still) return boxes[0] ?? null;
  const after = boxes.findIndex((box) => box.at > time);
  const before = boxes[(after < 0 ? boxes.length : after) - 1];
  const next = after < 0 ? undefined : boxes[after];
  if (!before) return next && next.at - time <= STAYS ? next : null;
  if (!next || next.at - before.at > 2 * STAYS) return time - before.at <= STAYS ? before : null;
  const share = (time - before.at) / (next.at - before.at);
  const mix = (a: number, b: number): number => a + (b - a) * share;
  return {
    at: time,
    x: mix(before.x, next.x),
    y: mix(before.y, next.y),
    w: mix(before.w, next.w),
    h: mix(before.h, next.h),
  };
}

function shown(media: Media): HTMLVideoElement | HTMLImageElement {
  if (media.kind === "image") return el("img", { src: media.url, alt: "The picture that was read" });
  return el("video", { src: media.url, playsinline: true, preload: "auto", "aria-label": "The recording" });
}

const sound = (media: Media): HTMLAudioElement => el("audio", { src: media.url, preload: "auto" });
