import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";
import path from "node:path";
import { createInterface } from "node:readline";
import { beforeAll, describe, expect, it } from "vitest";
import { buildCommand, makeFolder } from "./support.ts";

const root = path.resolve(import.meta.dirname, "../..");
const at = makeFolder();
buildCommand();

/** A folder in the shape of Electron's unpacked release, with a script in the place of its program: the packager copies it as it is. */
function electronFolder(): string {
  const folder = at("electron");
  mkdirSync(path.join(folder, "resources"), { recursive: true });
  writeFileSync(path.join(folder, "electron"), "#!/bin/sh\n");
  chmodSync(path.join(folder, "electron"), 0o755);
  const manifest = readFileSync(path.join(root, "node_modules/electron/package.json"), "utf8");
  writeFileSync(path.join(folder, "version"), JSON.parse(manifest).version);
  writeFileSync(path.join(folder, "LICENSE"), "");
  writeFileSync(path.join(folder, "LICENSES.chromium.html"), "");
  return folder;
}

// `dir` is what every installer of the system is made from; the installers themselves need tools that the packager downloads.
describe.runIf(process.platform === "linux")("npm run package", () => {
  const app = at("out/linux-unpacked/resources/app");
  const inApp = (...parts: string[]) => path.join(app, ...parts);

  beforeAll(() => {
    const made = spawnSync(
      process.execPath,
      [
        path.join(root, ".tools/package.mjs"),
        "--linux",
        "dir",
        `-c.electronDist=${electronFolder()}`,
        `-c.directories.output=${at("out")}`,
      ],
      { cwd: root, encoding: "utf8" },
    );
    expect(made.status, made.stdout + made.stderr).toBe(0);
  }, 240_000);

  it("puts the program beside the app, under the product's name", () => {
    expect(existsSync(at("out/linux-unpacked/mmsb"))).toBe(true);
    expect(JSON.parse(readFileSync(inApp("package.json"), "utf8")).main).toBe("dist/electron/main.js");
  });

  it("takes all that main, preload, page, engine and addon are made of, and no source maps", () => {
    const here = readdirSync(path.join(root, "dist"), { recursive: true }).map(String);
    const wanted = here.filter((file) => !/^(test|types)\b|\.map$/.test(file)).sort();
    const packed = readdirSync(inApp("dist"), { recursive: true }).map(String);
    expect(packed.filter((file) => file.endsWith(".map"))).toEqual([]);
    for (const part of ["electron", "preload", "renderer", "engine"]) {
      const of = (files: string[]) => files.filter((file) => file.startsWith(`${part}${path.sep}`));
      expect(of(packed).sort(), part).toEqual(of(wanted));
      expect(of(packed).length, part).toBeGreaterThan(0);
    }
    const addons = here.filter((file) => /\.(node|so)$/.test(file) && file.startsWith("native"));
    for (const file of addons) expect(packed).toContain(file);
  });

  it("takes every package that a program of it asks for, and none that only the page needs", () => {
    const programs = ["electron", "engine"].flatMap((part) =>
      readdirSync(inApp("dist", part), { recursive: true })
        .map(String)
        .filter((file) => file.endsWith(".js"))
        .map((file) => inApp("dist", part, file)),
    );
    const asked = new Set<string>();
    for (const program of programs) {
      for (const [, name] of readFileSync(program, "utf8").matchAll(
        /^(?:import|export)[^"'\n]*["']([^."'/][^"'\n]*)["'];?$/gm,
      )) {
        if (name!.startsWith("node:") || builtinModules.includes(name!) || name === "electron") continue;
        asked.add(name!.split("/", name!.startsWith("@") ? 2 : 1).join("/"));
      }
    }
    expect(asked.has("zod")).toBe(true);
    const packed = readdirSync(inApp("node_modules"));
    for (const name of asked) expect(existsSync(inApp("node_modules", name)), name).toBe(true);
    for (const name of ["react", "cytoscape", "dockview-react", "@base-ui", "uplot", "elkjs"])
      expect(packed).not.toContain(name);
  });

  it("works from there: a recording is made, verified and served", async () => {
    const main = inApp("dist/engine/cli/main.js");
    const run = (...args: string[]) => spawnSync(process.execPath, [main, ...args], { encoding: "utf8" });
    const recording = at("packed.tlog");
    expect(run("demo", recording, "--steps", "20").status).toBe(0);
    expect(run("verify", recording).status).toBe(0);
    const server = spawn(process.execPath, [main, "serve", recording, "--json"]);
    try {
      const line = await new Promise<string>((resolve, reject) => {
        createInterface(server.stdout).once("line", resolve);
        server.once("exit", (code) => reject(new Error(`ended with ${code}`)));
      });
      const page = await fetch(`http://127.0.0.1:${JSON.parse(line).port}/`);
      expect(page.status).toBe(200);
      const html = await page.text();
      const script = /<script[^>]* src="([^"]+)"/.exec(html)?.[1];
      expect(script).toBeDefined();
      expect((await fetch(new URL(script!, page.url))).status).toBe(200);
    } finally {
      server.kill("SIGKILL");
    }
  });
});
