import type { JsonValue } from "../base/json.ts";
import type { ArenaUse, CardUse, DeviceLeak, PoolUse, WaveLevels } from "./event-types.ts";
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

type Plain = JsonValue | bigint | CardUse | readonly PoolUse[] | readonly ArenaUse[] | readonly DeviceLeak[];
type FieldValue = Plain | IdColumn | WaveLevels;

function fieldJson(value: FieldValue): JsonValue {
  if (typeof value === "bigint") return String(value);
  if (isIds(value)) return idsOf(value).map(String);
  if (isLevels(value)) return levelsJson(value);
  return plainJson(value);
}

/** Lists and objects of the device's events: what is not known is left out. */
function plainJson(value: Plain): JsonValue {
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return value.map(plainJson);
  if (typeof value !== "object" || value === null) return value;
  const known = Object.entries(value).filter(([, part]) => part !== undefined);
  return Object.fromEntries(known.map(([name, part]) => [name, plainJson(part as Plain)]));
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
