// The page's own modules, for tests of their arithmetic.

import { createServer } from "vite";
import { PAGE } from "./program.mjs";

/** Loads `src/NAME.ts` of each name; `close` ends the loader. */
export async function modules(...names) {
  const loader = await createServer({
    root: PAGE,
    configFile: false,
    logLevel: "error",
    appType: "custom",
    optimizeDeps: { noDiscovery: true },
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  });
  const loaded = await Promise.all(names.map((name) => loader.ssrLoadModule(`/src/${name}.ts`)));
  return { loaded, close: () => loader.close() };
}
