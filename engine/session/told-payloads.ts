import { type JsonValue, jsonText } from "../base/json.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { LOG_LEVELS, type LogLevel } from "../events/event-types.ts";
import { encodePayload } from "../events/payload-codec.ts";

const MAX_TEXT_LENGTH = 65_536;

/** Payload of a mark. Errors: ARGUMENT_INVALID. */
export function markPayload(name: string, data: JsonValue | undefined): Result<Uint8Array> {
  const checked = checkTold(name, data);
  if (!checked.ok) return checked;
  if (name.includes("\0")) {
    return fail("ARGUMENT_INVALID", "the name of a mark holds a zero byte", "Leave it out");
  }
  return ok(encodePayload("mark", data === undefined ? { name } : { name, data }));
}

/** Payload of a log message. Errors: ARGUMENT_INVALID. */
export function logPayload(
  level: LogLevel,
  message: string,
  data: JsonValue | undefined,
): Result<Uint8Array> {
  const checked = checkTold(message, data);
  if (!checked.ok) return checked;
  if (!LOG_LEVELS.includes(level)) {
    const known = LOG_LEVELS.join(", ");
    return fail("ARGUMENT_INVALID", `'${String(level).slice(0, 40)}' is no level`, `Use one of ${known}`);
  }
  return ok(encodePayload("log", data === undefined ? { level, message } : { level, message, data }));
}

function checkTold(text: string, data: JsonValue | undefined): Result<void> {
  if (typeof text !== "string" || text.length > MAX_TEXT_LENGTH) {
    const message = "the text of a mark or a message is none, or too long";
    return fail("ARGUMENT_INVALID", message, `Give a text of at most ${MAX_TEXT_LENGTH} characters`);
  }
  if (data !== undefined && jsonText(data) === undefined) {
    return fail("ARGUMENT_INVALID", "the data are not JSON", "Give a JSON value");
  }
  return ok();
}
