import { ok, type Result } from "../../base/result.ts";
import { NONE } from "../../log/index/id-slots.ts";
import type { ParamsOf, ReplyOf } from "../../protocol/requests.ts";
import type { OpenedRecording } from "../recording/opened-recording.ts";
import type { ReportProgress } from "../service.ts";
import type { Sliced } from "../slice-scheduler.ts";

/** Pages whose id or type holds a text, in id order, with the cluster that each is drawn in. */
export function* searchGraph(
  opened: OpenedRecording,
  { lsn, text, limit }: ParamsOf<"graph.search">,
  progress: ReportProgress,
): Sliced<Result<ReplyOf<"graph.search">>> {
  const { recording } = opened;
  const checked = recording.checkLsn(lsn);
  if (!checked.ok) return checked;
  const built = yield* opened.graphs.model(progress);
  if (!built.ok) return built;
  const model = built.value;
  const slots = yield* opened.pageOrders.slotsFor({ lsn, order: "id", descending: false, dead: true, text });
  if (!slots.ok) return slots;
  const found = slots.value.filter((slot) => slot < model.pages);
  const shown = found.subarray(0, limit);
  const { tables } = recording.index;
  return ok({
    result: { total: found.length },
    columns: {
      page: BigUint64Array.from(shown, (slot) => tables.ids.id(slot)),
      pageType: shown.map((slot) => {
        const life = opened.pageOrders.lifeFor(slot, lsn);
        return life === NONE ? NONE : tables.lives.type.data[life]!;
      }),
      cluster: shown.map((slot) => model.clusterOf[slot]!),
      alive: Uint8Array.from(shown, (slot) => (tables.lifeAt(slot, lsn) === NONE ? 0 : 1)),
    },
  });
}
