import { unwrap } from "../../base/result.ts";
import type { Session } from "../session.ts";

/** A mark on the clock, in words. */
export function mark(session: Session, text: string, cause: number): void {
  unwrap(session.mark(text, undefined, { source: "demo", cause }));
}
