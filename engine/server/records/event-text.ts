import { toHex, utf8DecodeStrict } from "../../base/bytes.ts";
import type { JsonValue } from "../../base/json.ts";
import {
  type DeviceSample,
  type DeviceStop,
  eventTypeOf,
  LOG_LEVELS,
  type WaveEnd,
} from "../../events/event-types.ts";
import { type IdColumn, idsOf } from "../../events/id-column.ts";
import { decodePayload, type KnownPayload } from "../../events/payload-codec.ts";

/** What a list of pages, or the payload of a type that is not known, is cut at. */
const SHOWN_PAGES = 64;
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
  return eventTypeOf(code) ?? `event ${code}`;
}

/** An event in words. A payload that is not known, or malformed, is shown as text where it is text, else as hexadecimal. */
export function eventText(code: number, payload: Uint8Array): EventText {
  const decoded = decodePayload(code, payload);
  if (decoded.ok && decoded.value !== undefined) return knownText(decoded.value);
  const shown = payloadText(payload);
  return {
    text: shown === "" ? eventTypeName(code) : shown,
    severity: 0,
    durationNs: 0n,
    properties: properties(
      ["type", eventTypeName(code)],
      ["payload", shown],
      ["payload bytes", payload.length],
      ["malformed", decoded.ok ? undefined : `at byte ${decoded.error.place.offset ?? 0}`],
    ),
  };
}

function knownText(event: KnownPayload): EventText {
  switch (event.type) {
    case "mark": {
      const { name, data } = event.fields;
      return told(dataText(name, data), 0, 0, ["name", name], ["data", jsonText(data)]);
    }
    case "log": {
      const { level, message, data } = event.fields;
      const severity = Math.max(0, LOG_LEVELS.indexOf(level) - 1);
      const line = dataText(message, data);
      return told(line, severity, 0, ["level", level], ["message", message], ["data", jsonText(data)]);
    }
    case "wave-start": {
      const { trigger, roots } = event.fields;
      return told(
        `wave from ${plural(roots, "page")}, ${TRIGGER_TEXT[trigger]}`,
        0,
        0,
        ["trigger", trigger],
        ["sets out from", plural(roots, "page")],
      );
    }
    case "wave-end":
      return waveText(event.fields);
    case "allocation": {
      const { action, location, sizeBytes, usedBytes, pool, durationNs } = event.fields;
      return told(
        `${action} ${plural(sizeBytes, "byte")} on ${location}${pool === "" ? "" : ` from ${pool}`}`,
        0,
        durationNs,
        ["action", action],
        ["location", location],
        ["bytes", sizeBytes],
        ["in use after it", plural(usedBytes, "byte")],
        ["pool", pool === "" ? undefined : pool],
      );
    }
    case "kernel-launch": {
      const { kernel, stream, sizeBytes, durationNs, count } = event.fields;
      const line = `${kernel} over ${plural(sizeBytes, "byte")} on stream ${stream}`;
      return told(
        line,
        0,
        durationNs,
        ["kernel", kernel],
        ["stream", stream],
        ["bytes", sizeBytes],
        ["pages, rows or jobs", count],
      );
    }
    case "copy": {
      const { direction, stream, sizeBytes, durationNs, isPrefetch } = event.fields;
      const moved = `${plural(sizeBytes, "byte")} from ${direction.replaceAll("-", " ")} on stream ${stream}`;
      return told(
        isPrefetch === true ? `prefetch of ${moved}` : moved,
        0,
        durationNs,
        ["direction", direction],
        ["stream", stream],
        ["bytes", sizeBytes],
        ["prefetch", isPrefetch === true ? "yes" : undefined],
      );
    }
    case "device-sample":
      return sampleText(event.fields);
    case "device-stop":
      return stopText(event.fields);
    default:
      // A derived type has no record of kind event, unless somebody wrote one by hand.
      return told(event.type, 0, 0, ["type", event.type]);
  }
}

function sampleText({ pools, card, droppedRows }: DeviceSample): EventText {
  const used = pools.reduce((total, { usedBytes }) => total + usedBytes, 0);
  const reserved = pools.reduce((total, { reservedBytes }) => total + reservedBytes, 0);
  const { utilizationPercent, temperatureCelsius, powerMilliwatts } = card;
  return told(
    `${plural(used, "byte")} in use of ${reserved} reserved`,
    0,
    0,
    ...pools.flatMap(({ pool, usedBytes, reservedBytes, largestFreeBytes }): Property[] => [
      [`${pool}: in use`, plural(usedBytes, "byte")],
      [`${pool}: reserved`, plural(reservedBytes, "byte")],
      [`${pool}: largest free block`, plural(largestFreeBytes, "byte")],
    ]),
    ["card: free", card.totalBytes === 0 ? undefined : plural(card.freeBytes, "byte")],
    ["card: busy", utilizationPercent === undefined ? undefined : `${utilizationPercent} %`],
    ["card: temperature", temperatureCelsius === undefined ? undefined : `${temperatureCelsius} °C`],
    ["card: power", powerMilliwatts === undefined ? undefined : `${powerMilliwatts / 1000} W`],
    ["rows dropped", droppedRows === 0 ? undefined : droppedRows],
  );
}

function stopText({ leakedPages, leakedBytes, leaks, droppedRows }: DeviceStop): EventText {
  const held = `${plural(leakedPages, "page")} never freed, ${plural(leakedBytes, "byte")}`;
  const shown = leaks.slice(0, SHOWN_PAGES).map(({ pageId }) => pageId);
  return told(
    leakedPages === 0 ? "device let go, every page freed" : `device let go, ${held}`,
    leakedPages > 0 || droppedRows > 0 ? 1 : 0,
    0,
    ["never freed", leakedPages === 0 ? undefined : `${held}: ${shown.join(", ")}`],
    ["rows dropped", droppedRows === 0 ? undefined : droppedRows],
  );
}

const TRIGGER_TEXT = {
  propagate: "asked for",
  transaction: "at the end of the transaction",
  pull: "for a page that was read",
};

function waveText({ outcome, levels, cutOff, blocked }: WaveEnd): EventText {
  const members = levels.members.reduce((sum, count) => sum + count, 0);
  const parts = [
    `wave over: ${plural(members, "page")} in ${plural(levels.count, "level")}`,
    cutOff.count === 0 ? "" : `${cutOff.count} cut off`,
    blocked.count === 0 ? "" : `${blocked.count} blocked`,
    outcome === "complete" ? "" : OUTCOME_TEXT[outcome],
  ];
  const severity = outcome !== "complete" || blocked.count > 0 ? 1 : 0;
  return told(
    parts.filter((part) => part !== "").join(", "),
    severity,
    0,
    ["outcome", outcome],
    ["changed or failed", members],
    ["levels", levels.count],
    ["cut off", pagesText(cutOff)],
    ["blocked", pagesText(blocked)],
  );
}

const OUTCOME_TEXT = { cancelled: "cancelled", budget: "over its budget" };

function told(text: string, severity: number, durationNs: number, ...told: Property[]): EventText {
  return { text, severity, durationNs: BigInt(durationNs), properties: properties(...told) };
}

type Property = readonly [name: string, value: string | number | undefined];

/** Those that have a value. */
function properties(...all: Property[]): { name: string; value: string }[] {
  return all.flatMap(([name, value]) => (value === undefined ? [] : [{ name, value: String(value) }]));
}

function pagesText(pages: IdColumn): string | undefined {
  if (pages.count === 0) return undefined;
  const { lo, hi } = pages;
  const shown = idsOf({ count: Math.min(pages.count, SHOWN_PAGES), lo, hi }).join(", ");
  const rest = pages.count - SHOWN_PAGES;
  return `${plural(pages.count, "page")}: ${shown}${rest > 0 ? ` and ${rest} more` : ""}`;
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function dataText(text: string, data: JsonValue | undefined): string {
  const json = jsonText(data);
  return cut(json === undefined ? text : `${text} ${json}`);
}

function jsonText(data: JsonValue | undefined): string | undefined {
  return data === undefined ? undefined : JSON.stringify(data);
}

function payloadText(payload: Uint8Array): string {
  const shown = payload.subarray(0, PAYLOAD_SHOWN_BYTES);
  const text = utf8DecodeStrict(payload);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a text with control characters is not one to show
  if (text !== undefined && !/[\u0000-\u0008\u000e-\u001f]/.test(text)) return cut(text);
  return `0x${toHex(shown)}${payload.length > shown.length ? "…" : ""}`;
}

function cut(text: string): string {
  return text.length > PAYLOAD_SHOWN_BYTES ? `${text.slice(0, PAYLOAD_SHOWN_BYTES)}…` : text;
}
