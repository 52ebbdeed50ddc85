"use strict";
// Lists the paths of /openapi.json, each with a form that sends a request and shows the answer.

const make = (name, attributes = {}, ...children) => {
  const element = Object.assign(document.createElement(name), attributes);
  element.append(...children);
  return element;
};

const field = (name, about, input) => {
  input.dataset.name = name;
  return make("label", {}, make("span", { textContent: about ? `${name}: ${about}` : name }), input);
};

const resolve = (description, schema) =>
  schema?.$ref ? schema.$ref.split("/").slice(1).reduce((at, key) => at[key], description) : schema;

const isFile = (schema) => schema.format === "binary" || schema.items?.format === "binary";

/** The inputs of an operation: those of its path and query, and those of its form. */
const inputs = (description, operation) => {
  const asked = [];
  for (const parameter of operation.parameters ?? []) {
    const input = make("input", { type: "text" });
    input.dataset.in = parameter.in;
    asked.push(field(parameter.name, parameter.description, input));
  }
  const form = operation.requestBody?.content?.["multipart/form-data"];
  const properties = resolve(description, form?.schema)?.properties ?? {};
  // An option that is in the query, too, is asked for once.
  const known = new Set((operation.parameters ?? []).map((parameter) => parameter.name));
  for (const [name, schema] of Object.entries(properties)) {
    if (known.has(name)) continue;
    const several = schema.type === "array" || schema.type?.includes?.("array");
    const input = isFile(schema)
      ? make("input", { type: "file", multiple: several })
      : make("textarea", { rows: 1 });
    input.dataset.in = "form";
    asked.push(field(name, schema.description, input));
  }
  return asked;
};

const send = async (path, method, form, answer) => {
  const query = new URLSearchParams();
  const body = new FormData();
  let parts = 0;
  for (const input of form.querySelectorAll("[data-name]")) {
    const { name, in: place } = input.dataset;
    if (input.type === "file") {
      for (const file of input.files) body.append(name, file), parts++;
    } else if (input.value !== "") {
      if (place === "path") path = path.replace(`{${name}}`, encodeURIComponent(input.value));
      else if (place === "query") query.set(name, input.value);
      else body.append(name, input.value), parts++;
    }
  }
  const headers = {};
  const token = document.getElementById("token").value;
  if (token) headers.Authorization = `Bearer ${token}`;
  const address = query.size ? `${path}?${query}` : path;
  answer.textContent = "…";
  try {
    const response = await fetch(address, { method: method.toUpperCase(), headers, body: parts ? body : undefined });
    let text = await response.text();
    try { text = JSON.stringify(JSON.parse(text), null, 2); } catch { /* it is no JSON */ }
    answer.textContent = `${response.status} ${response.statusText}\n\n${text}`;
  } catch (error) {
    answer.textContent = `no answer: ${error.message}`;
  }
};

const operation = (description, path, method, about) => {
  const answer = make("pre", { hidden: true });
  const form = make("form", {}, ...inputs(description, about));
  const socket = path.endsWith("/stream");
  if (!socket) form.append(make("button", { textContent: "Send" }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    answer.hidden = false;
    send(path, method, form, answer);
  });
  const title = make("code", { textContent: `${method.toUpperCase()} ${path}` });
  const text = make("p", { textContent: about.description ?? "" });
  return make("details", {}, make("summary", {}, title, ` ${about.summary ?? ""}`), text, form, answer);
};

const show = async () => {
  const description = await (await fetch("openapi.json")).json();
  document.getElementById("about").textContent = description.info.description;
  const list = document.getElementById("paths");
  for (const [path, methods] of Object.entries(description.paths)) {
    for (const [method, about] of Object.entries(methods)) {
      if (about.responses) list.append(operation(description, path, method, about));
    }
  }
};

show();
