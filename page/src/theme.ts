// Light, dark, or as the system has it. Only this choice is kept, and only in the browser.

const KEY = "limbic.theme";

type Theme = "light" | "dark";

/** Lets `press` change between light and dark. */
export function themed(press: HTMLButtonElement): void {
  const kept = recall();
  if (kept) apply(kept);
  const label = (): void => {
    const other = current() === "dark" ? "light" : "dark";
    press.setAttribute("aria-label", `Change to ${other}`);
    press.title = `Change to ${other}`;
  };
  press.addEventListener("click", () => {
    const wanted = current() === "dark" ? "light" : "dark";
    apply(wanted);
    remember(wanted);
    label();
  });
  label();
}

function current(): Theme {
  const set = document.documentElement.dataset["theme"];
  if (set === "light" || set === "dark") return set;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

function apply(theme: Theme): void {
  document.documentElement.dataset["theme"] = theme;
}

// A page opened as a file may have no storage; then the choice lasts as long as the page.
function recall(): Theme | null {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === "light" || kept === "dark" ? kept : null;
  } catch {
    return null;
  }
}

function remember(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    return;
  }
}
