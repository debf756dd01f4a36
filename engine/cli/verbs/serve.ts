import { spawn } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Command, InvalidArgumentError } from "commander";
import { MmsbError } from "../../base/errors.ts";
import { unwrap } from "../../base/result.ts";
import { isLoopback } from "../../server/door/request-guard.ts";
import { startStudioServer } from "../../server/studio-server.ts";
import { type Cli, type CommonOptions, countArgument, runVerb, verb } from "../command.ts";
import { EXIT_FINE } from "../exit-codes.ts";

interface ServeOptions extends CommonOptions {
  readonly host?: string;
  readonly port?: number;
  readonly name?: readonly string[];
  readonly open?: boolean;
}

/** Where the built window stands beside the built command. */
const WINDOW_FOLDER = fileURLToPath(new URL("../../renderer", import.meta.url));

const NOT_LOOPBACK =
  "Other machines can reach this address: whoever knows it can read these recordings, and nothing is encrypted on the way.";

export function serveVerb(): Command {
  return verb("serve [FILES...]", "show recordings in MMSB Studio, in a browser on this machine")
    .option("--host <ADDRESS>", "listen there instead of on loopback only")
    .option("--name <NAME...>", "a further name by which browsers call this machine, where --host is given")
    .option("--port <NUMBER>", "listen on this port instead of a free one", portArgument)
    .option("--open", "open the browser")
    .action((files: string[], options: ServeOptions) =>
      runVerb(options, (cli) => serve(cli, files, options)),
    );
}

function portArgument(text: string): number {
  const port = countArgument(text);
  if (port > 65_535) throw new InvalidArgumentError("Give a port from 0 to 65535.");
  return port;
}

async function serve(cli: Cli, files: readonly string[], options: ServeOptions): Promise<number> {
  if (!existsSync(WINDOW_FOLDER)) {
    throw new MmsbError("UNSUPPORTED", "the Studio's window is not built", "Run 'npm run build' once");
  }
  // A folder is offered as a list.
  const first = files.find((file) => !isFolder(file));
  const server = unwrap(
    await startStudioServer({
      staticDir: WINDOW_FOLDER,
      paths: files,
      ...(first === undefined ? {} : { open: first }),
      ...(options.host === undefined ? {} : { host: options.host }),
      ...(options.port === undefined ? {} : { port: options.port }),
      ...(options.name === undefined ? {} : { names: options.name }),
    }),
  );
  // Before the address is told: whoever reads it may end this at once.
  const ended = new Promise<void>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
  if (!isLoopback(options.host ?? "localhost")) process.stderr.write(`${NOT_LOOPBACK}\n`);
  if (cli.isJson) cli.out.json({ url: server.url, port: server.port });
  else cli.out.line(`MMSB Studio: ${server.url}   (Ctrl-C ends it)`);
  await cli.out.flush();
  if (options.open === true) openBrowser(server.url);
  await ended;
  await server.close();
  return EXIT_FINE;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function openBrowser(url: string): void {
  const program =
    process.platform === "darwin" ? "open" : process.platform === "win32" ? "explorer" : "xdg-open";
  const browser = spawn(program, [url], { stdio: "ignore", detached: true });
  browser.on("error", () => process.stderr.write(`No browser could be opened: go to ${url}\n`));
  browser.unref();
}
