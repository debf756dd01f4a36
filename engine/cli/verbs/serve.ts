import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { MmsbError } from "../../base/errors.ts";
import { unwrap } from "../../base/result.ts";
import { startStudioServer } from "../../server/studio-server.ts";
import { type Cli, type CommonOptions, countArgument, runVerb, verb } from "../command.ts";
import { EXIT_FINE } from "../exit-codes.ts";

interface ServeOptions extends CommonOptions {
  readonly host?: string;
  readonly port?: number;
  readonly open?: boolean;
}

/** Where the built window stands beside the built command. */
const WINDOW_FOLDER = fileURLToPath(new URL("../../renderer", import.meta.url));

export function serveVerb(): Command {
  return verb("serve [FILES...]", "show recordings in MMSB Studio, in a browser on this machine")
    .option("--host <ADDRESS>", "listen there instead of on loopback only")
    .option("--port <NUMBER>", "listen on this port instead of a free one", countArgument)
    .option("--open", "open the browser")
    .action((files: string[], options: ServeOptions) =>
      runVerb(options, (cli) => serve(cli, files, options)),
    );
}

async function serve(cli: Cli, files: readonly string[], options: ServeOptions): Promise<number> {
  if (!existsSync(WINDOW_FOLDER)) {
    throw new MmsbError("UNSUPPORTED", "the Studio's window is not built", "Run 'npm run build' once");
  }
  const first = files[0];
  const server = unwrap(
    await startStudioServer({
      staticDir: WINDOW_FOLDER,
      paths: files,
      ...(first === undefined ? {} : { open: first }),
      ...(options.host === undefined ? {} : { host: options.host }),
      ...(options.port === undefined ? {} : { port: options.port }),
    }),
  );
  if (cli.isJson) cli.out.json({ url: server.url, port: server.port });
  else cli.out.line(`MMSB Studio: ${server.url}   (Ctrl-C ends it)`);
  await cli.out.flush();
  if (options.open === true) openBrowser(server.url);
  await new Promise<void>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
  await server.close();
  return EXIT_FINE;
}

function openBrowser(url: string): void {
  const program =
    process.platform === "darwin" ? "open" : process.platform === "win32" ? "explorer" : "xdg-open";
  const browser = spawn(program, [url], { stdio: "ignore", detached: true });
  browser.on("error", () => process.stderr.write(`No browser could be opened: go to ${url}\n`));
  browser.unref();
}
