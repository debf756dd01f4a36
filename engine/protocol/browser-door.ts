/**
 * How a page finds and enters the engine over a WebSocket. The address that `mmsb serve` prints carries the token in its fragment, which a
 * browser sends nowhere; the page gives it back among the protocols that it offers, the only header it can set.
 *
 *     const { token, open } = doorKeysIn(location.hash);
 *     new WebSocket(new URL(ENGINE_PATH, location.href), doorProtocols(token));
 */
export const ENGINE_PATH = "/engine";

/** The protocol that the server accepts; the one with the token is never echoed. */
export const STUDIO_PROTOCOL = "mmsb.studio.1";
export const TOKEN_PROTOCOL_PREFIX = "mmsb.token.";

export interface DoorKeys {
  /** Empty where the address holds none: the server will refuse. */
  readonly token: string;
  /** The recording to begin with; empty = none was named. */
  readonly open: string;
}

/** The address's fragment: `#token=…&open=…`. */
export function doorFragment({ token, open }: DoorKeys): string {
  return `#token=${encodeURIComponent(token)}${open === "" ? "" : `&open=${encodeURIComponent(open)}`}`;
}

export function doorKeysIn(fragment: string): DoorKeys {
  const keys = new Map<string, string>();
  for (const part of fragment.replace(/^#/, "").split("&")) {
    const at = part.indexOf("=");
    if (at > 0) keys.set(part.slice(0, at), decoded(part.slice(at + 1)));
  }
  return { token: keys.get("token") ?? "", open: keys.get("open") ?? "" };
}

/** What to offer as the WebSocket's protocols. */
export function doorProtocols(token: string): string[] {
  return token === "" ? [STUDIO_PROTOCOL] : [STUDIO_PROTOCOL, `${TOKEN_PROTOCOL_PREFIX}${token}`];
}

/** The token among the protocols that a WebSocket offers. */
export function tokenOffered(protocols: string | undefined): string | undefined {
  return protocols
    ?.split(",")
    .map((protocol) => protocol.trim())
    .find((protocol) => protocol.startsWith(TOKEN_PROTOCOL_PREFIX))
    ?.slice(TOKEN_PROTOCOL_PREFIX.length);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
