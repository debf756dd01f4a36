import { randomBytes } from "node:crypto";
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { fail, ok, type Result } from "../base/result.ts";
import { doorFragment } from "../protocol/browser-door.ts";
import { AccessPolicy } from "./access-policy.ts";
import { openHttpDoor } from "./door/http-door.ts";
import { isWildcard, ownAddresses, urlHost } from "./door/request-guard.ts";
import { StudioHost } from "./studio-host.ts";

/** 256 bits: not to be guessed. */
const TOKEN_BYTES = 32;
const MIN_TOKEN_LENGTH = 16;

export interface StudioServerOptions {
  /** Folder of the built page (`dist/renderer`). */
  readonly staticDir: string;
  /** Recordings that may be opened; a folder stands for all recordings in it and below. */
  readonly paths?: readonly string[];
  /** The recording that the page begins with; one of those that may be opened. It is opened, and indexed where need be, before a page asks. */
  readonly open?: string;
  /** Default 127.0.0.1: this machine only. Anything else lets in whoever knows the token, over an unencrypted connection. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Default: a new one. */
  readonly token?: string;
  /** Further names by which this machine is called in the address, for hosts that are not loopback. */
  readonly names?: readonly string[];
  /** Whether a page may send files (drag and drop). Default true: they are kept in a temporary folder until it closes. */
  readonly uploads?: boolean;
  /** How long the head of a request may take to arrive. Default 10 s. */
  readonly headTimeoutMs?: number;
}

export interface StudioServer {
  /** To be opened in a browser; the token stands in the fragment, which a browser never sends anywhere. */
  readonly url: string;
  readonly token: string;
  readonly port: number;
  readonly studio: StudioHost;
  close(): Promise<void>;
}

/**
 * Serves the Studio to browsers. Errors: `ARGUMENT_INVALID` (no built page, token too short), `LOG_NOT_FOUND` (a path that is not there),
 * `ADDRESS_UNAVAILABLE`.
 */
export async function startStudioServer(options: StudioServerOptions): Promise<Result<StudioServer>> {
  const { host = "127.0.0.1", port = 0, token = randomBytes(TOKEN_BYTES).toString("base64url") } = options;
  // It travels as a WebSocket protocol name, so it must be made of what those may hold.
  if (token.length < MIN_TOKEN_LENGTH || !/^[\w-]+$/.test(token)) {
    return fail(
      "ARGUMENT_INVALID",
      `a token has at least ${MIN_TOKEN_LENGTH} letters, digits, '-' or '_'`,
      "Leave it out to get a random one",
    );
  }
  const access = accessTo(options.paths ?? []);
  if (!access.ok) return access;
  const studio = new StudioHost({ access: access.value, uploads: options.uploads ?? true });
  const door = await openHttpDoor({
    studio,
    staticDir: options.staticDir,
    host,
    port,
    token,
    ...(options.names !== undefined && { names: options.names }),
    ...(options.headTimeoutMs !== undefined && { headTimeoutMs: options.headTimeoutMs }),
  });
  if (!door.ok) {
    studio.dispose();
    return door;
  }
  const first = options.open === undefined ? undefined : access.value.check(options.open);
  if (first?.ok === true) studio.prepare(first.value);
  const shown = isWildcard(host) ? (ownAddresses()[0] ?? "localhost") : host;
  return ok({
    url: `http://${urlHost(shown)}:${door.value.port}/${doorFragment({ token, open: options.open ?? "" })}`,
    token,
    port: door.value.port,
    studio,
    close: async () => {
      studio.dispose();
      await door.value.close();
    },
  });
}

function accessTo(paths: readonly string[]): Result<AccessPolicy> {
  const access = new AccessPolicy();
  for (const path of paths) {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) {
      return fail("LOG_NOT_FOUND", "there is no such file or folder", "Check the path", {
        path: resolve(path),
      });
    }
    if (found.isDirectory()) access.grantFolder(path);
    else access.grantFile(path);
  }
  return ok(access);
}
