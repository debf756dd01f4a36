import type { JsonValue } from "../base/json.ts";
import type { WaveLevels } from "./event-types.ts";
import { type IdColumn, idsOf } from "./id-column.ts";
import type { KnownPayload } from "./payload-codec.ts";

/** Fields that hold an LSN: in JSON a decimal string, as every LSN is. */
const LSN_FIELDS: ReadonlySet<string> = new Set(["beginLsn", "stateLsn", "baseLsn", "waveLsn"]);

/** What an event says as JSON (rules J1 and J5 of docs/SerializationSpec.md): its type and its fields, columns as lists. */
export function eventJson({ type, fields }: KnownPayload): { readonly [key: string]: JsonValue } {
  const told: Record<string, JsonValue> = { type };
  for (const [name, value] of Object.entries(fields) as [string, FieldValue][]) {
    told[name] = LSN_FIELDS.has(name) ? String(value) : fieldJson(value);
  }
  return told;
}

type FieldValue = JsonValue | bigint | IdColumn | WaveLevels;

function fieldJson(value: FieldValue): JsonValue {
  if (typeof value === "bigint") return String(value);
  if (isIds(value)) return idsOf(value).map(String);
  if (isLevels(value)) return levelsJson(value);
  return value;
}

function levelsJson({ count, level, members, cutOff, blocked }: WaveLevels): JsonValue {
  return Array.from({ length: count }, (_, row) => ({
    level: level[row]!,
    members: members[row]!,
    cutOff: cutOff[row]!,
    blocked: blocked[row]!,
  }));
}

function isIds(value: FieldValue): value is IdColumn {
  return typeof value === "object" && value !== null && "lo" in value && value.lo instanceof Uint32Array;
}

function isLevels(value: FieldValue): value is WaveLevels {
  return (
    typeof value === "object" && value !== null && "level" in value && value.level instanceof Uint32Array
  );
}
