// The program under test: LIMBIC_BIN, else the one that cargo builds in this repository.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const PAGE = dirname(dirname(fileURLToPath(import.meta.url)));
export const REPOSITORY = dirname(PAGE);
export const HELLO = join(REPOSITORY, "samples/hello.mp4");

const target = process.env.CARGO_TARGET_DIR ?? join(REPOSITORY, "target");
const bin = process.env.LIMBIC_BIN ?? join(target, "release/limbic");
if (!existsSync(bin)) throw new Error(`${bin} is not there; build it with \`cargo build --release\`, or name it in LIMBIC_BIN`);

/** What the program prints. */
export async function limbic(...args) {
  const { stdout } = await promisify(execFile)(bin, args, { maxBuffer: 1 << 28 });
  return stdout;
}

/** The program's server at a free port of this machine; `stop` ends it. */
export async function serve() {
  const url = process.env.LIMBIC_URL;
  if (url) return { url, stop: async () => {} };
  const port = await freePort();
  const server = spawn(bin, ["serve", "--listen", `127.0.0.1:${port}`], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  server.stderr.on("data", (data) => (said += data));
  const at = `http://127.0.0.1:${port}/`;
  for (let tries = 0; ; tries += 1) {
    const ready = await fetch(new URL("readyz", at)).then((r) => r.ok, () => false);
    if (ready) break;
    if (tries > 300 || server.exitCode !== null) throw new Error(`the server did not start: ${said}`);
    await new Promise((done) => setTimeout(done, 100));
  }
  const stop = async () => {
    if (server.exitCode !== null) return;
    server.kill("SIGTERM");
    await once(server, "exit");
  };
  return { url: at, stop };
}

async function freePort() {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address();
  listener.close();
  await once(listener, "close");
  return port;
}
