import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";

/** Names by which a browser on this machine reaches a server on it. */
const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"];

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

/** The `Host` headers that may be used: a page of another site that made its name point here (DNS rebinding) has its own. */
export function allowedAuthorities(
  host: string,
  port: number,
  names: readonly string[],
): ReadonlySet<string> {
  const own = isIP(host) === 6 ? `[${host}]` : host;
  const all = [...names, own, ...(isLoopback(host) ? LOOPBACK_NAMES : [])];
  return new Set(all.map((name) => `${name.toLowerCase()}:${port}`));
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
