// What test/gpu runs on a machine with a GPU is compiled and linked on every machine that has the CUDA toolkit, so that it is not broken unseen. Nothing of it is
// run here.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { missingCuda } from "../../.tools/native.mjs";

const root = path.resolve(import.meta.dirname, "../..");
const sources = path.join(root, "test", "gpu");
const library = path.join(root, "dist", "native-cuda", `${process.platform}-${process.arch}`);
const folder = mkdtempSync(path.join(tmpdir(), "mmsb-gpu-programs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const nvcc = ["nvcc", "/usr/local/cuda/bin/nvcc"].find((name) => spawnSync(name, ["--version"]).status === 0);

function compile(args: readonly string[]): void {
  const warnings = ["-Xcompiler", "-Wall,-Wextra,-Wno-missing-field-initializers,-Werror"];
  const ran = spawnSync(
    nvcc!,
    ["-std=c++20", "-I", path.join(root, "native/cuda/include"), ...warnings, ...args],
    {
      encoding: "utf8",
    },
  );
  expect(ran.status, `nvcc ${args.join(" ")}\n${ran.stderr}`).toBe(0);
}

it("the programs for a GPU compile, and find everything that they call in the CUDA library", {
  timeout: 180_000,
}, (ctx) => {
  const missing = missingCuda();
  if (missing !== undefined) ctx.skip(missing);
  if (!existsSync(path.join(library, "libmmsb_cuda.so")))
    ctx.skip("the CUDA library is not built: npm run build");
  const objects = readdirSync(sources)
    .filter((name) => name.endsWith(".cpp"))
    .map((name) => {
      const to = path.join(folder, name.replace(/\.cpp$/, ".o"));
      compile(["-c", path.join(sources, name), "-o", to]);
      return to;
    });
  const isBench = (file: string) => path.basename(file).startsWith("kernel-bench");
  for (const [program, parts] of [
    ["device-suite", objects.filter((file) => !isBench(file))],
    ["kernel-bench", objects.filter(isBench)],
  ] as const) {
    expect(parts.length).toBeGreaterThan(0);
    compile([...parts, "-o", path.join(folder, program), "-L", library, "-lmmsb_cuda"]);
  }
});
