// Builds what is stale into dist/: the engine for plain Node, the page, the desktop shell. Each target is built aside and
// then moved into place, so whoever runs the old one meanwhile never sees half of the new one. setup.mjs starts this while
// it holds the lock; run that (`npm run build`) instead of this file.
import "./node-version.mjs";
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { buildPreset } from "./native.mjs";
import { dist, root, runMain, Stop, say } from "./project.mjs";
import { staleTargets, stampFile } from "./targets.mjs";
import { workerUrls } from "./worker-urls.mjs";

/** @typedef {import("./targets.mjs").Target} Target */

/**
 * @param {Target} target
 * @param {string} outDir
 * @returns {Promise<import("vite").InlineConfig>}
 */
async function viteConfig(target, outDir) {
  /** @type {import("vite").InlineConfig} */
  const shared = { configFile: false, root, logLevel: "warn", publicDir: false };
  const input = Object.fromEntries(target.entries.map((file) => [file.replace(/\.tsx?$/, ""), file]));
  if (target.kind === "page") {
    const { default: react } = await import("@vitejs/plugin-react");
    return {
      ...shared,
      root: path.join(root, "renderer"),
      base: "./",
      plugins: [react()],
      build: { outDir, emptyOutDir: true, target: "chrome130", sourcemap: true, chunkSizeWarningLimit: 4000 },
    };
  }
  if (target.kind === "preload") {
    return {
      ...shared,
      build: {
        ssr: true,
        outDir,
        target: "node20",
        minify: false,
        // A sandboxed preload is one CommonJS file: it can require `electron` and nothing else.
        rolldownOptions: {
          input,
          external: ["electron"],
          output: { format: "cjs", entryFileNames: "preload.cjs" },
        },
      },
      ssr: { noExternal: true },
    };
  }
  return {
    ...shared,
    plugins: [workerUrls("chunk")],
    build: {
      ssr: true,
      outDir,
      target: "node20",
      sourcemap: true,
      minify: false,
      rolldownOptions: {
        input,
        external: ["electron"],
        output: {
          format: "es",
          entryFileNames: "[name].js",
          chunkFileNames: `${target.place}/chunks/[name]-[hash].js`,
        },
      },
    },
  };
}

/**
 * @param {Target} target
 * @param {string} stamp
 */
async function buildTarget(target, stamp) {
  const started = performance.now();
  const aside = path.join(dist, `.building-${process.pid}`);
  const made = target.kind === "node" ? path.join(aside, target.place) : aside;
  const place = path.join(dist, target.place);
  rmSync(aside, { recursive: true, force: true });
  try {
    if (target.cmake !== undefined) buildNative(target.cmake, made);
    else {
      const { build } = await import("vite");
      await build(await viteConfig(target, aside));
    }
    const command = path.join(made, "cli", "main.js");
    if (existsSync(command)) chmodSync(command, 0o755);
    rmSync(stampFile(target), { force: true });
    rmSync(place, { recursive: true, force: true });
    renameSync(made, place);
    mkdirSync(path.dirname(stampFile(target)), { recursive: true });
    writeFileSync(stampFile(target), stamp);
  } catch (error) {
    throw new Stop(
      `build of ${target.name} failed: ${error instanceof Error ? error.message : String(error)}`,
    );
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  say(`built ${target.name} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
}

/**
 * A library, in a folder named after the platform: a package may hold several.
 * @param {NonNullable<Target["cmake"]>} cmake
 * @param {string} outDir
 */
function buildNative({ preset, target, component }, outDir) {
  const to = path.join(outDir, `${process.platform}-${process.arch}`);
  buildPreset(preset, { targets: [target], install: { component, to } });
}

/** What a build that was killed left behind. */
function sweep() {
  if (!existsSync(dist)) return;
  for (const name of readdirSync(dist)) {
    if (name.startsWith(".building-")) rmSync(path.join(dist, name), { recursive: true, force: true });
  }
}

runMain(async () => {
  let failed = 0;
  sweep();
  for (const { target, stamp } of staleTargets(process.argv.slice(2))) {
    const missing = target.missing?.();
    if (missing !== undefined) {
      say(`${target.name} left out: ${missing}; ${target.without}`);
      continue;
    }
    try {
      await buildTarget(target, stamp);
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
      say(error.message);
      failed++;
    }
  }
  return failed > 0 ? 1 : 0;
});
