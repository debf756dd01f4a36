// `npm run -s mmsb -- …`: the built command line, brought up to date first. Nothing but the command's own output is on stdout.
import "./node-version.mjs";
import { existsSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { dist, root, runMain, Stop } from "./project.mjs";
import { setUp } from "./setup.mjs";

runMain(async () => {
  const places = process.argv[2] === "serve" ? ["engine", "renderer"] : ["engine"];
  if (!setUp(...places).built)
    throw new Stop("mmsb could not be built: mend what is said above, then try again.");
  const main = path.join(dist, "engine", "cli", "main.js");
  if (!existsSync(main)) throw new Stop("there is no command line yet: engine/cli/main.ts is missing.");
  // npm moves into the project's folder; relative paths are meant from where the person stands.
  if (process.cwd() === root && process.env.INIT_CWD) process.chdir(process.env.INIT_CWD);
  process.argv[1] = main;
  await import(pathToFileURL(main).href);
});
