// What the build makes, in one place. An entry that does not exist yet is left out, so the build works at every stage.
//
// Everything lands under dist/ at the place its source has: engine/cli/main.ts → dist/engine/cli/main.js. Any file named
// `*-worker.ts` (a thread) or `*-process.ts` (a child process) is an entry by its name alone; see worker-urls.mjs.
import { existsSync } from "node:fs";
import path from "node:path";
import { missingCuda, missingToolchain } from "./native.mjs";
import { filesBelow, hashFiles, isSource, readIfThere, root } from "./project.mjs";

/**
 * @typedef {object} Target
 * @property {string} name
 * @property {"node" | "page" | "preload" | "cmake"} kind
 * @property {string} place     the folder (or, for the preload, the file) under dist/ that this target owns
 * @property {string[]} sources every file whose content decides whether the target is stale
 * @property {string[]} entries those to build; none means that there is nothing to build yet
 * @property {() => string | undefined} [missing] what this machine lacks to build it; then the target is left out, which is not a failure
 * @property {string} [without] what is so where it is left out
 * @property {{ preset: string, target: string, component: string }} [cmake] how CMake makes and installs it (native/CMakePresets.json)
 */

/** @param {string} file */
const isSpawned = (file) => /-(worker|process)\.ts$/.test(file);

/** @param {string} file */
const isCode = (file) => isSource(file) || /\.(css|html|json|svg|woff2)$/.test(file);

/** @param {string} file */
const isNative = (file) =>
  /(\.[ch]pp|\.h|\.cu|\.cuh|CMakeLists\.txt|CMakePresets\.json)$/.test(file) &&
  !/^native\/(build|test)/.test(file);

/** @param {string[]} files */
const present = (files) => files.filter((file) => existsSync(path.join(root, file)));

/** @returns {Target[]} */
export function targets() {
  const engine = filesBelow("engine", isCode);
  const electron = filesBelow("electron", isCode);
  const bench = filesBelow("test", (file) => isCode(file) && !file.endsWith(".test.ts"));
  return [
    {
      name: "engine",
      kind: "node",
      place: "engine",
      sources: engine,
      entries: [...present(["engine/index.ts", "engine/cli/main.ts"]), ...engine.filter(isSpawned)],
    },
    {
      name: "test helpers and bench",
      kind: "node",
      place: "test",
      sources: [...engine, ...bench],
      entries: [...present(["test/bench/main.ts", "test/gpu/engine-suite.ts"]), ...bench.filter(isSpawned)],
    },
    {
      name: "renderer",
      kind: "page",
      place: "renderer",
      sources: [...filesBelow("renderer", isCode), ...engine, ...filesBelow("assets/fonts")],
      entries: present(["renderer/index.html"]),
    },
    {
      name: "electron main",
      kind: "node",
      place: "electron",
      sources: [...electron, ...engine],
      entries: present(["electron/main.ts"]),
    },
    {
      name: "electron preload",
      kind: "preload",
      place: "preload",
      sources: electron,
      entries: present(["electron/preload.ts"]),
    },
    {
      name: "native addon",
      kind: "cmake",
      place: "native",
      sources: [
        ".tools/native.mjs",
        ...filesBelow("native", isNative).filter((file) => !/^native\/cuda\/(?!include\/)/.test(file)),
      ],
      entries: present(["native/CMakeLists.txt"]),
      missing: missingToolchain,
      without: "the hot loops run in TypeScript",
      cmake: { preset: "release", target: "mmsb_addon", component: "addon" },
    },
    {
      name: "CUDA library",
      kind: "cmake",
      place: "native-cuda",
      sources: [".tools/native.mjs", ...filesBelow("native/cuda")],
      entries: present(["native/cuda/CMakeLists.txt"]),
      missing: missingCuda,
      without: "pages stay on the CPU",
      cmake: { preset: "cuda", target: "mmsb_cuda", component: "cuda" },
    },
  ];
}

const machinery = [".tools/build.mjs", ".tools/targets.mjs", ".tools/worker-urls.mjs", "package-lock.json"];

/** @param {Target} target */
export function stampOf(target) {
  return hashFiles([...machinery, ...target.sources]);
}

/** @param {Target} target */
export function stampFile(target) {
  return path.join(root, "dist", ".stamps", target.place);
}

/**
 * Targets whose sources differ from what was last built, each with its new stamp.
 * @param {readonly string[]} places look at these targets only; all of them where none is named
 */
export function staleTargets(places = []) {
  return targets()
    .filter(({ entries, place }) => entries.length > 0 && (places.length === 0 || places.includes(place)))
    .map((target) => ({ target, stamp: stampOf(target) }))
    .filter(
      ({ target, stamp }) =>
        readIfThere(stampFile(target)) !== stamp || !existsSync(path.join(root, "dist", target.place)),
    );
}
