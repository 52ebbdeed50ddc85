import { createHash } from "node:crypto";
import { defineConfig, type Plugin, type UserConfig } from "vite";

// Names without hashes: the files are committed, and the program embeds them by name.
// The browsers that know `light-dark()`, so that it stays as it is written.
const browsers = { target: "es2022", cssTarget: ["chrome123", "firefox120", "safari17.5"] };
const output = { entryFileNames: "[name].js", assetFileNames: "[name][extname]" };

const page: UserConfig = {
  base: "./",
  build: {
    ...browsers,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rolldownOptions: { input: { page: "index.html", recorder: "src/recorder.ts" }, output },
  },
};

/** Puts script and style into the one file, and lets nothing else run or load. */
const oneFile: Plugin = {
  name: "one-file",
  enforce: "post",
  generateBundle(_, bundle) {
    const files = Object.values(bundle);
    const html = files.find((file) => file.fileName.endsWith(".html"));
    const style = files.find((file) => file.fileName.endsWith(".css"));
    const script = files.find((file) => file.type === "chunk");
    if (html?.type !== "asset" || style?.type !== "asset" || script?.type !== "chunk") {
      throw new Error("a report is one page, one style and one script");
    }
    const code = script.code.trim().replaceAll("</script", "<\\/script");
    const hash = createHash("sha256").update(code).digest("base64");
    const policy =
      `default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; ` +
      "img-src data:; media-src data:; base-uri 'none'; form-action 'none'";
    html.source = String(html.source)
      .replace(/\s*<script type="module"[^>]*><\/script>/, "")
      .replace(/\s*<link rel="stylesheet"[^>]*>/, "")
      .replace("<title>", () => `<meta http-equiv="Content-Security-Policy" content="${policy}" />\n    <title>`)
      .replace("</head>", () => `<style>${String(style.source).trim()}</style>\n  </head>`)
      .replace("</body>", () => `<script type="module">${code}</script>\n  </body>`);
    delete bundle[style.fileName];
    delete bundle[script.fileName];
  },
};

const report: UserConfig = {
  base: "./",
  plugins: [oneFile],
  build: {
    ...browsers,
    modulePreload: { polyfill: false },
    emptyOutDir: false,
    rolldownOptions: { input: { report: "report.html" }, output },
  },
};

export default defineConfig(({ mode }) => (mode === "report" ? report : page));
