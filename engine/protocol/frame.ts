/**
 * One message on a port. Little-endian; every part begins at a multiple of 8 bytes from the start of the frame.
 *
 *   0  u32  magic "MMSF"
 *   4  u8   layout version. Bump it when this header, the directory or a column type changes its meaning
 *   5  u8   kind (`FrameKind`)
 *   6  u16  number of columns
 *   8  u32  id of the request or subscription; 0 = the connection itself
 *  12  u32  bytes of the control part
 *  16  u32  bytes of the whole frame: what is not exactly so long was cut or glued
 *  20  u32  zero
 *  24       directory: 32 bytes a column: u8 type, u8 length of name, 26 bytes name (ASCII, zeros behind), u32 elements
 *   …       control part: UTF-8 JSON, zeros up to a multiple of 8
 *   …       columns in the directory's order, each with zeros up to a multiple of 8
 *
 * Nothing in it points anywhere: places follow from sizes, so a frame cannot make a reader look outside itself.
 */
import { assert } from "../base/assert.ts";
import { utf8DecodeStrict, utf8Encode } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import {
  COLUMN_ELEMENT_BYTES,
  COLUMN_TYPE_CODE,
  type ColumnArray,
  columnTypeFromCode,
  columnTypeOf,
  viewColumn,
} from "./columns.ts";

export const FRAME_VERSION = 1;
const MAGIC = 0x46534d4d;
const HEADER_BYTES = 24;
const DIRECTORY_BYTES = 32;
const NAME_BYTES = 26;

/** What a frame is for. From 64 on: server to client. Numbers are on the wire: never reuse one. */
export const FrameKind = {
  Hello: 1,
  Request: 2,
  /** Stop a request or subscription; it is answered by `Failed` with `CANCELLED` (or its reply, if that was quicker). */
  Cancel: 3,
  Subscribe: 4,
  /** So many more updates may be sent. */
  Credit: 5,
  Welcome: 64,
  Reply: 65,
  Failed: 66,
  Progress: 67,
  Update: 68,
  /** The last message of a subscription that ran to its end. */
  End: 69,
} as const;
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];

export type FrameColumns = Readonly<Record<string, ColumnArray>>;

export interface Frame {
  readonly kind: number;
  readonly id: number;
  /** Parsed, not yet checked. */
  readonly control: unknown;
  /** Views into the message. Null prototype: a column may have any name. */
  readonly columns: FrameColumns;
}

export interface FrameLimits {
  readonly frameBytes: number;
  readonly controlBytes: number;
  readonly columns: number;
}

const padded = (bytes: number) => Math.ceil(bytes / 8) * 8;

/** The arrays are copied. `control` must be plain JSON (u64s already strings). */
export function encodeFrame(
  kind: FrameKind,
  id: number,
  control: unknown,
  columns: FrameColumns = {},
): Uint8Array {
  const json = utf8Encode(JSON.stringify(control));
  const entries = Object.entries(columns);
  let length = HEADER_BYTES + entries.length * DIRECTORY_BYTES + padded(json.length);
  for (const [, array] of entries) length += padded(array.byteLength);
  assert(length <= 0xffff_ffff, "a frame's length fits 32 bits");
  const frame = new Uint8Array(length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint8(4, FRAME_VERSION);
  view.setUint8(5, kind);
  view.setUint16(6, entries.length, true);
  view.setUint32(8, id, true);
  view.setUint32(12, json.length, true);
  view.setUint32(16, length, true);
  let entry = HEADER_BYTES;
  let at = HEADER_BYTES + entries.length * DIRECTORY_BYTES;
  frame.set(json, at);
  at += padded(json.length);
  for (const [name, array] of entries) {
    const nameBytes = utf8Encode(name);
    assert(isColumnName(name) && nameBytes.length <= NAME_BYTES, "column names are short ASCII identifiers");
    view.setUint8(entry, COLUMN_TYPE_CODE[columnTypeOf(array)]);
    view.setUint8(entry + 1, nameBytes.length);
    frame.set(nameBytes, entry + 2);
    view.setUint32(entry + 28, array.length, true);
    frame.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at);
    entry += DIRECTORY_BYTES;
    at += padded(array.byteLength);
  }
  return frame;
}

/** How long the frame at `at` says that it is; `undefined` where none begins there. */
export function frameBytes(message: Uint8Array, at: number): number | undefined {
  if (message.length - at < HEADER_BYTES) return undefined;
  const view = new DataView(message.buffer, message.byteOffset + at, HEADER_BYTES);
  const length = view.getUint32(16, true);
  return view.getUint32(0, true) === MAGIC && length >= HEADER_BYTES && length % 8 === 0 ? length : undefined;
}

/** The id of a frame whose rest may be damaged, so that the refusal reaches whoever asked; 0 where there is none. */
export function peekFrameId(message: Uint8Array): number {
  if (message.length < HEADER_BYTES) return 0;
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  return view.getUint32(0, true) === MAGIC && view.getUint8(4) === FRAME_VERSION
    ? view.getUint32(8, true)
    : 0;
}

/**
 * Reads an untrusted message. Fails with `PROTOCOL_TOO_LARGE`, `PROTOCOL_VERSION` or `PROTOCOL_MESSAGE` (with the offset); allocates
 * nothing that the message does not itself hold.
 */
export function decodeFrame(message: Uint8Array, limits: FrameLimits): Result<Frame> {
  if (message.length > limits.frameBytes) {
    return fail(
      "PROTOCOL_TOO_LARGE",
      `a message of ${message.length} bytes is over the limit of ${limits.frameBytes}`,
      "Ask for less at a time",
    );
  }
  const bytes = aligned(message);
  if (bytes.length < HEADER_BYTES) return malformed("the header is cut short", bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== MAGIC) return malformed("it does not begin with MMSF", 0);
  if (view.getUint8(4) !== FRAME_VERSION) {
    return fail(
      "PROTOCOL_VERSION",
      `frame layout ${view.getUint8(4)} is not ${FRAME_VERSION}`,
      "Reload the window, or update the older side",
      {
        offset: 4,
      },
    );
  }
  const columnCount = view.getUint16(6, true);
  const controlBytes = view.getUint32(12, true);
  if (view.getUint32(16, true) !== bytes.length) return malformed("its length is not what it says", 16);
  if (view.getUint32(20, true) !== 0) return malformed("a reserved field is not zero", 20);
  if (columnCount > limits.columns)
    return malformed(`${columnCount} columns are over the limit of ${limits.columns}`, 6);
  if (controlBytes > limits.controlBytes) {
    return fail(
      "PROTOCOL_TOO_LARGE",
      `a control part of ${controlBytes} bytes is over the limit of ${limits.controlBytes}`,
      "Ask for less at a time",
    );
  }
  const controlAt = HEADER_BYTES + columnCount * DIRECTORY_BYTES;
  let at = controlAt + padded(controlBytes);
  if (at > bytes.length) return malformed("the control part reaches past the end", 12);

  const columns = Object.create(null) as Record<string, ColumnArray>;
  for (let i = 0; i < columnCount; i++) {
    const entry = HEADER_BYTES + i * DIRECTORY_BYTES;
    const type = columnTypeFromCode(bytes[entry]!);
    const name = readName(bytes, entry);
    if (type === undefined || name === undefined || name in columns)
      return malformed("a column's entry is wrong", entry);
    const elements = view.getUint32(entry + 28, true);
    const size = padded(elements * COLUMN_ELEMENT_BYTES[type]);
    if (size > bytes.length - at) return malformed(`column ${name} reaches past the end`, entry);
    columns[name] = viewColumn(type, bytes.buffer, bytes.byteOffset + at, elements);
    at += size;
  }
  if (at !== bytes.length) return malformed("there is more in it than it says", at);

  const text = utf8DecodeStrict(bytes.subarray(controlAt, controlAt + controlBytes));
  if (text === undefined) return malformed("the control part is not UTF-8", controlAt);
  let control: unknown;
  try {
    control = JSON.parse(text);
  } catch {
    return malformed("the control part is not JSON", controlAt);
  }
  return ok({ kind: view.getUint8(5), id: view.getUint32(8, true), control, columns });
}

/** Typed arrays need aligned memory, and decoders refuse shared memory; a pooled buffer is copied, others are used as they are. */
function aligned(message: Uint8Array): Uint8Array {
  return message.byteOffset % 8 === 0 && message.buffer instanceof ArrayBuffer ? message : message.slice();
}

function isColumnName(name: string): boolean {
  return /^[a-zA-Z][a-zA-Z0-9]*$/.test(name);
}

function readName(bytes: Uint8Array, entry: number): string | undefined {
  const length = bytes[entry + 1]!;
  if (length > NAME_BYTES) return undefined;
  const name = String.fromCharCode(...bytes.subarray(entry + 2, entry + 2 + length));
  return isColumnName(name) ? name : undefined;
}

function malformed(what: string, offset: number): Result<never> {
  return fail(
    "PROTOCOL_MESSAGE",
    `a message is malformed: ${what}`,
    "Reload the window; if it stays, both sides are of different versions",
    {
      offset,
    },
  );
}
