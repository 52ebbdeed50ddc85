// A reading as one file: what `limbic predict --report` wrote, with nothing to ask and nobody to ask.

import "./style.css";
import type { Reading } from "./reading";
import { themed } from "./theme";
import { View } from "./view";

interface Envelope {
  reading: Reading;
  peaks: number[];
  media: string | null;
  aspect: number | null;
}

const text = document.querySelector("#reading")?.textContent ?? "null";
const { reading, peaks, media, aspect } = JSON.parse(text) as Envelope;
const kind = /^data:(video|audio|image)\//.exec(media ?? "")?.[1] as "video" | "audio" | "image" | undefined;
const view = new View({ reading, peaks, media: media && kind ? { url: media, kind } : null, aspect });
document.title = `${reading.source.split(/[/\\]/).at(-1) ?? "reading"} · limbic`;
document.querySelector("#place")?.replaceChildren(view.element);
themed(document.querySelector<HTMLButtonElement>("#theme")!);
