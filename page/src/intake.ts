// Ways in: a file dropped anywhere, chosen or pasted, or words typed or pasted.

import type { Subject } from "./api";

const WORDS = /\.(srt|vtt|txt)$/i;

const ONE = "Drop one recording at a time, perhaps with its words as .srt, .vtt or .txt; `limbic predict` reads many.";

/** What files mean together: a recording, perhaps with its words in another file; a sentence on why they mean nothing. */
export function subject(files: readonly File[]): Subject | string | null {
  const media = files.find((file) => !WORDS.test(file.name));
  const count = files.filter((file) => WORDS.test(file.name) !== (media !== undefined)).length;
  if (count > 1 || files.length > 2) return ONE;
  const words = files.find((file) => WORDS.test(file.name)) ?? null;
  if (media) return { kind: "file", file: media, words };
  return words ? { kind: "file", file: words, words: null } : null;
}

/** Listens for everything that can be read: `begin` is called with it, `refuse` with why it is not. */
export function intake(begin: (subject: Subject) => void, refuse: (sentence: string) => void): void {
  const picker = document.querySelector<HTMLInputElement>("#file")!;
  const form = document.querySelector<HTMLFormElement>("#words")!;
  const text = form.querySelector("textarea")!;
  const take = (files: FileList | null | undefined): boolean => {
    const found = subject([...(files ?? [])]);
    if (typeof found === "string") refuse(found);
    else if (found) begin(found);
    return found !== null;
  };
  picker.addEventListener("change", () => {
    take(picker.files);
    // The same file may be chosen again.
    picker.value = "";
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const words = text.value.trim();
    if (words !== "") begin({ kind: "words", text: words });
    else text.focus();
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  document.addEventListener("paste", (event) => {
    const typing = (event.target as Element | null)?.closest?.("input, textarea");
    if (take(event.clipboardData?.files)) event.preventDefault();
    else if (!typing) {
      const words = event.clipboardData?.getData("text/plain").trim() ?? "";
      if (words !== "") begin({ kind: "words", text: words });
    }
  });
  dropping(take);
}

/** Files may be dropped anywhere on the page. */
function dropping(take: (files: FileList | null | undefined) => boolean): void {
  let depth = 0;
  const mark = (change: number): void => {
    depth = change === 0 ? 0 : Math.max(0, depth + change);
    document.body.classList.toggle("dropping", depth > 0);
  };
  const holds = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
  document.addEventListener("dragenter", (event) => holds(event) && mark(1));
  document.addEventListener("dragleave", (event) => holds(event) && mark(-1));
  document.addEventListener("dragover", (event) => holds(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (!holds(event)) return;
    event.preventDefault();
    mark(0);
    take(event.dataTransfer?.files);
  });
}
