import { toHex, utf8DecodeStrict } from "../../base/bytes.ts";

/** The type of a mark that a person or program sets: its payload is a text. */
const USER_MARK = 1;

const NAMES: Readonly<Record<number, string>> = { [USER_MARK]: "mark" };

/** What an event of a type that the engine knows no more about is shown with. */
const PAYLOAD_SHOWN_BYTES = 256;

export interface EventText {
  /** One line. */
  readonly text: string;
  /** 0 info, 1 warning, 2 error. */
  readonly severity: number;
  readonly durationNs: bigint;
  readonly properties: readonly { readonly name: string; readonly value: string }[];
}

/** The name of an event type as the log numbers it. */
export function eventTypeName(code: number): string {
  return NAMES[code] ?? `event ${code}`;
}

/** An event in words. A payload of a type that is not known is shown as text where it is text, else as hexadecimal. */
export function eventText(code: number, payload: Uint8Array): EventText {
  const shown = payloadText(payload);
  return {
    text: shown === "" ? eventTypeName(code) : shown,
    severity: 0,
    durationNs: 0n,
    properties: [
      { name: "type", value: eventTypeName(code) },
      { name: "payload", value: shown },
      { name: "payload bytes", value: String(payload.length) },
    ],
  };
}

function payloadText(payload: Uint8Array): string {
  const cut = payload.subarray(0, PAYLOAD_SHOWN_BYTES);
  const text = utf8DecodeStrict(payload);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a text with control characters is not one to show
  if (text !== undefined && !/[\u0000-\u0008\u000e-\u001f]/.test(text)) {
    return text.length > PAYLOAD_SHOWN_BYTES ? `${text.slice(0, PAYLOAD_SHOWN_BYTES)}…` : text;
  }
  return `0x${toHex(cut)}${payload.length > cut.length ? "…" : ""}`;
}
