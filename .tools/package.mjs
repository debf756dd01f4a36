// `npm run package -- [electron-builder options]`: installers of the Studio for this system (electron-builder.yml).
import "./node-version.mjs";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { dist, root, runMain, Stop } from "./project.mjs";
import { setUp } from "./setup.mjs";

runMain(async () => {
  if (!setUp().built)
    throw new Stop("the Studio could not be built: mend what is said above, then try again.");
  if (!existsSync(path.join(dist, "electron", "main.js"))) {
    throw new Stop("there is no desktop shell yet: electron/main.ts is missing.");
  }
  const builder = path.join(root, "node_modules", "electron-builder", "cli.js");
  const args = [builder, "--config", "electron-builder.yml", "--publish", "never", ...process.argv.slice(2)];
  return spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" }).status ?? 1;
});
