import { count, lsn, timeNs, u64 } from "../scalars.ts";
import { z } from "../zod.ts";

/**
 * Which records are wanted; all conditions must hold, an absent one always does. Lists are "any of".
 *
 * `value` is an expression over the page *after* the delta, true only for deltas that write at least one byte it looks at:
 *
 *     expression  a comparison, or several joined with `and`, `or`, `not` and parentheses
 *     comparison  operand (= == != < <= > >=) number      `temperature > 3.5`   `@16:u32 == 0xff`
 *                 operand `changed`                       the delta changes its value
 *     operand     field | field[i] | field[i][j] | @offset:type | @offset (one byte) | epoch | size (bytes written)
 *
 * Field names come from the page's schema; a page without that field never matches.
 */
export const recordFilter = z.strictObject({
  /** Record kinds by name (`RecordingInfo.kinds`). */
  kinds: z.array(z.string().max(40)).max(64).optional(),
  pages: z.array(u64).max(256).optional(),
  /** Page types by index (`RecordingInfo.pageTypes`). */
  pageTypes: z.array(count).max(256).optional(),
  /** Sources by index (`RecordingInfo.sources`). */
  sources: z.array(count).max(256).optional(),
  /** Event types by index (`RecordingInfo.eventTypes`). */
  eventTypes: z.array(count).max(256).optional(),
  /** Inclusive bounds. */
  fromLsn: lsn.optional(),
  toLsn: lsn.optional(),
  fromTimeNs: timeNs.optional(),
  toTimeNs: timeNs.optional(),
  /** Records caused by this one. */
  cause: lsn.optional(),
  /** Found, in any case, in the source, page type, intent metadata, event or failure text. */
  text: z.string().max(500).optional(),
  value: z.string().max(500).optional(),
});
export type RecordFilter = z.infer<typeof recordFilter>;
