import { utf8Encode } from "../../base/bytes.ts";
import { unwrap } from "../../base/result.ts";
import type { Session } from "../session.ts";

/** The event type of a mark that a person or a program sets, with a text. */
export const USER_MARK_EVENT = 1;

/** A mark on the clock, in words. */
export function mark(session: Session, text: string, cause: number): void {
  unwrap(session.event(USER_MARK_EVENT, utf8Encode(text), { source: "demo", cause }));
}
