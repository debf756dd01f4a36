// `npm run bench -- [name…] [--json]`: builds, then runs test/bench/main.ts in a Node of its own.
import "./node-version.mjs";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { dist, runMain, Stop } from "./project.mjs";
import { setUp } from "./setup.mjs";

runMain(async () => {
  if (!setUp("engine", "test", "native", "renderer").built)
    throw new Stop("the bench could not be built: mend what is said above, then try again.");
  const main = path.join(dist, "test", "bench", "main.js");
  if (!existsSync(main)) throw new Stop("there is no bench yet: test/bench/main.ts is missing.");
  const flags = ["--expose-gc", "--enable-source-maps"];
  return (
    spawnSync(process.execPath, [...flags, main, ...process.argv.slice(2)], { stdio: "inherit" }).status ?? 1
  );
});
