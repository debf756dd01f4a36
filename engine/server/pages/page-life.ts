import { fail, ok, type Result } from "../../base/result.ts";
import { NONE } from "../../log/index/id-slots.ts";
import type { Recording } from "../../replay/recording.ts";

/** LSNs without an end are 0 on the wire. */
export function endLsn(untilLsn: number): number {
  return untilLsn === Number.POSITIVE_INFINITY ? 0 : untilLsn;
}

/** A page's life at an LSN. `PAGE_UNKNOWN` says when the page is there, if it ever is. */
export function lifeOf(
  recording: Recording,
  id: bigint,
  lsn: number,
): Result<{ slot: number; life: number }> {
  const checked = recording.checkLsn(lsn);
  if (!checked.ok) return checked;
  const { tables } = recording.index;
  const slot = recording.slotOf(id);
  if (slot < 0) {
    return fail("PAGE_UNKNOWN", "the recording has no such page", "Choose one of its pages", {
      pageId: id,
      lsn,
    });
  }
  const life = tables.lifeAt(slot, lsn);
  if (life !== NONE) return ok({ slot, life });
  // The nearest life: the first one after the LSN if the page is yet to come, else the last one before it.
  let nearest = tables.slotLife.data[slot]!;
  for (
    let at = nearest;
    at !== NONE && tables.lives.fromLsn.data[at]! > lsn;
    at = tables.lives.previous.data[at]!
  )
    nearest = at;
  if (nearest === NONE) {
    return fail("PAGE_UNKNOWN", "the page is named but was never created", "Choose another page", {
      pageId: id,
      lsn,
    });
  }
  const from = tables.lives.fromLsn.data[nearest]!;
  const until = tables.lives.untilLsn.data[nearest]!;
  const when = from > lsn ? `it is created at LSN ${from}` : `it was destroyed at LSN ${until}`;
  const goTo = from > lsn ? from : until - 1;
  return fail("PAGE_UNKNOWN", `the page does not exist at this LSN: ${when}`, `Go to LSN ${goTo} to see it`, {
    pageId: id,
    lsn,
  });
}
