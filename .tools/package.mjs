// `npm run package -- [electron-builder options]`: installers of the Studio for this system (electron-builder.yml).
import "./node-version.mjs";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { dist, root, runMain, Stop, say } from "./project.mjs";
import { setUp } from "./setup.mjs";

/** What Node's network calls say when a host cannot be reached. */
const UNREACHABLE = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH)\b/;
const STACK_LINE = /^\s+at .+/;

/**
 * Runs electron-builder and passes on what it says, but no stack traces.
 * @param {string[]} args
 * @returns {Promise<{ code: number, failure: string | undefined }>}
 */
function build(args) {
  return new Promise((resolve, reject) => {
    const builder = spawn(process.execPath, args, { cwd: root, stdio: ["inherit", "pipe", "pipe"] });
    /** @type {string | undefined} */
    let failure;
    for (const stream of [builder.stdout, builder.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        if (STACK_LINE.test(line)) return;
        if (line.includes("⨯"))
          failure ??= line.replace(/^.*⨯\s*/, "").replace(/\s+(failedTask|stackTrace)=.*$/, "");
        else say(line);
      });
    }
    builder.on("error", reject);
    builder.on("close", (code) => resolve({ code: code ?? 1, failure }));
  });
}

runMain(async () => {
  if (!setUp().built)
    throw new Stop("the Studio could not be built: mend what is said above, then try again.");
  if (!existsSync(path.join(dist, "electron", "main.js"))) {
    throw new Stop("there is no desktop shell yet: electron/main.ts is missing.");
  }
  const cli = path.join(root, "node_modules", "electron-builder", "cli.js");
  const options = process.argv.slice(2);
  const { code, failure } = await build([
    cli,
    "--config",
    "electron-builder.yml",
    "--publish",
    "never",
    ...options,
  ]);
  if (code === 0) return;
  if (failure !== undefined && UNREACHABLE.test(failure)) {
    throw new Stop(
      `no installer was made: electron-builder could not download what it needs (${failure}). Run it again with a network, or with Electron's unpacked release: npm run package -- -c.electronDist=FOLDER`,
    );
  }
  throw new Stop(`no installer was made: ${failure ?? `electron-builder ended with code ${code}`}`);
});
