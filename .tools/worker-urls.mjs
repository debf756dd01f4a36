// Worker threads and child processes are named in the source by the file they are written in:
//
//   new Worker(new URL("./scan-worker.ts", import.meta.url))
//   fork(fileURLToPath(new URL("./crash-process.ts", import.meta.url)))
//
// Plain Node cannot load that file, so every `*-worker.ts` and `*-process.ts` is an entry of the build
// (see entries.mjs) and this plugin points the URL at what was built:
//   "chunk"  in a build: relative to the chunk the code ends up in;
//   "built"  under vitest, where the code runs from its source: straight into dist/.
import path from "node:path";
import { pathToFileURL } from "node:url";

const root = path.resolve(import.meta.dirname, "..");
const reference =
  /new URL\(\s*(["'])(\.{1,2}\/[^"']*-(?:worker|process))\.ts\1\s*,\s*import\.meta\.url\s*,?\s*\)/g;
const placeholder = /"mmsb-built:([^"]+)"/g;

/** @param {"chunk" | "built"} mode */
export function workerUrls(mode) {
  return {
    name: "mmsb-worker-urls",
    /** @type {"pre"} */
    enforce: "pre",
    /** @param {string} code @param {string} id */
    transform(code, id) {
      const file = id.split("?")[0] ?? id;
      if (!file.startsWith(root) || file.includes("node_modules") || !code.includes("-")) return;
      let found = false;
      const out = code.replace(reference, (_all, _quote, target) => {
        found = true;
        const built = `${path.relative(root, path.resolve(path.dirname(file), target))}.js`.replaceAll(
          "\\",
          "/",
        );
        return mode === "built"
          ? `new URL(${JSON.stringify(pathToFileURL(path.join(root, "dist", built)).href)})`
          : `new URL("mmsb-built:${built}", import.meta.url)`;
      });
      return found ? { code: out, map: null } : undefined;
    },
    /** @param {string} code @param {{ fileName: string }} chunk */
    renderChunk(code, chunk) {
      if (mode !== "chunk" || !code.includes('"mmsb-built:')) return;
      const from = path.posix.dirname(chunk.fileName);
      const out = code.replace(placeholder, (_all, built) => {
        const relative = path.posix.relative(from, built);
        return JSON.stringify(relative.startsWith(".") ? relative : `./${relative}`);
      });
      return { code: out, map: null };
    },
  };
}
