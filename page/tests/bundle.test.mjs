// What is committed in dist/: small, and of this machine alone.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { PAGE } from "./program.mjs";

const FILES = ["index.html", "page.css", "page.js", "recorder.js", "report.html"];

const built = (name) => readFile(join(PAGE, "dist", name));

test("the page is five files with names that stay", async () => {
  assert.deepEqual((await readdir(join(PAGE, "dist"))).sort(), FILES);
});

test("page and report are below 300 kB, gzipped", async (context) => {
  const sizes = await Promise.all(FILES.map(async (name) => [name, gzipSync(await built(name)).length]));
  context.diagnostic(sizes.map(([name, size]) => `${name} ${size}`).join(", "));
  const page = sizes.filter(([name]) => name !== "report.html").reduce((sum, [, size]) => sum + size, 0);
  assert.ok(page < 300_000, `${page}`);
  assert.ok(sizes.find(([name]) => name === "report.html")[1] < 300_000);
});

test("nothing built names another machine", async () => {
  for (const name of FILES) {
    const text = String(await built(name)).replaceAll("http://www.w3.org/2000/svg", "");
    assert.doesNotMatch(text, /\b(https?|wss?):\/\//, name);
  }
});

test("scripts stand in files of their own, but in the report", async () => {
  const html = String(await built("index.html"));
  assert.doesNotMatch(html, /<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=/);
  assert.match(html, /default-src 'none'; script-src 'self'; style-src 'self';/);
  assert.match(String(await built("report.html")), /default-src 'none'; script-src 'sha256-[^']+';/);
});

test("the lock file names no place", async () => {
  assert.doesNotMatch(String(await readFile(join(PAGE, "package-lock.json"))), /"resolved"/);
});
