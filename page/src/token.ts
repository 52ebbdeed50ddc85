// The token of a server that asks for one: given once, kept as long as the page is open.

import { el } from "./element";

let token = "";

/** What every request carries. */
export const carried = (): Record<string, string> => (token === "" ? {} : { authorization: `Bearer ${token}` });

/** What the stream carries, which can send no headers. */
export const protocols = (): string[] => (token === "" ? [] : [`limbic.token.${token}`]);

/** The form that asks for a token; `given` is called when there is one. */
export function asking(given: () => void): HTMLElement {
  const field = el("input", { type: "password", name: "token", autocomplete: "off", required: true });
  const form = el(
    "form",
    { class: "way token" },
    el("label", {}, el("span", {}, "Token"), field),
    el("p", {}, "This server answers those who know its token. Whoever started it knows it."),
    el("button", {}, "Use this token"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    token = field.value.trim();
    given();
  });
  return form;
}
