import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import { hostname, networkInterfaces } from "node:os";

/** Names by which a browser on this machine reaches a server on it. */
const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"];
const AUTHORITY = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::(\d{1,5}))?$/;

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

/** Names that stand for every address of this machine. */
const WILDCARDS = ["0.0.0.0", "::"];

export function isWildcard(host: string): boolean {
  return WILDCARDS.includes(host);
}

/** This machine's addresses as others see them. */
export function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, scopeid }) => !internal && (scopeid ?? 0) === 0)
    .map(({ address }) => address);
}

/** An address or name as it stands in a URL. */
export function urlHost(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}

/**
 * The `Host` headers that may be used: a page of another site that made its name point here (DNS rebinding) has its own. Loopback names may
 * come with any port, as they do through an SSH tunnel; every other name only with the server's.
 */
export class AllowedAuthorities {
  readonly #names: ReadonlySet<string>;
  readonly #port: number;
  readonly #isLoopback: boolean;

  constructor(host: string, port: number, names: readonly string[] = []) {
    const own = isWildcard(host) ? [...ownAddresses(), hostname()] : [host];
    this.#names = new Set([...names, ...own].map((name) => urlHost(name).toLowerCase()));
    this.#port = port;
    this.#isLoopback = isLoopback(host) || isWildcard(host);
  }

  /** The header in lower case, where it may be used. */
  check(header: string | undefined): string | undefined {
    const parts = AUTHORITY.exec(header?.toLowerCase() ?? "");
    if (parts === null) return undefined;
    const [authority, name = "", port = "80"] = parts;
    if (this.#isLoopback && LOOPBACK_NAMES.includes(name)) return authority;
    return this.#names.has(name) && Number(port) === this.#port ? authority : undefined;
  }
}

/** A WebSocket knows no same-origin rule of its own: the page must come from this server, by the very name that it connects to. */
export function isOwnOrigin(origin: string | undefined, authority: string): boolean {
  return origin === `http://${authority}`;
}

/** Takes as long for a wrong token as for the right one. */
export function tokenMatches(given: string, expected: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
