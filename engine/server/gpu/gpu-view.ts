import { fail, ok, type Result } from "../../base/result.ts";
import { type F64Column, lastAtMost } from "../../log/index/growable.ts";
import { GPU_DIRECTIONS } from "../../protocol/requests/gpu.ts";
import type { ParamsOf, ReplyOf } from "../../protocol/requests.ts";
import type { OpenedRecording } from "../recording/opened-recording.ts";
import type { ReportProgress } from "../service.ts";
import type { Sliced } from "../slice-scheduler.ts";
import type { DeviceHistory } from "./device-history.ts";

/** Rows of a matrix that stand for themselves; what is left shares one more. */
const MAX_BANDS = 11;
const ROWS_A_STEP = 1 << 15;

/** Device memory, launches and copies over the pixel columns of a viewport. */
export function* viewGpu(
  opened: OpenedRecording,
  params: ParamsOf<"gpu.view">,
  progress: ReportProgress,
): Sliced<Result<ReplyOf<"gpu.view">>> {
  if (params.to <= params.from) {
    return fail(
      "ARGUMENT_INVALID",
      "the viewport is empty: it ends where it begins or before",
      "Give a 'to' above 'from'",
    );
  }
  const history = opened.devices;
  const gathered = yield* history.gather(progress);
  if (!gathered.ok) return gathered;
  const view = new View(opened, params);
  const types = bandsOf(history.typePeak);
  const kernels = bandsOf(history.kernelNs);
  const { columns } = params;
  const matrices = {
    held: new Float64Array(types.rows * columns),
    reserved: new Float64Array(columns).fill(-1),
    launches: new Uint32Array(kernels.rows * columns),
    launchNs: new Float64Array(kernels.rows * columns),
    copyBytes: new Float64Array(GPU_DIRECTIONS.length * columns),
    copyNs: new Float64Array(GPU_DIRECTIONS.length * columns),
  };
  yield* fillHeld(history, view, types, matrices.held);
  yield* fillReserved(history, view, matrices.reserved);
  const { launches, copies } = history;
  yield* view.each(launches, (row, column) => {
    const at = kernels.of[launches.kernel.data[row]!]! * columns + column;
    matrices.launches[at]!++;
    matrices.launchNs[at]! += launches.durationNs.data[row]!;
  });
  yield* view.each(copies, (row, column) => {
    const at = copies.direction.data[row]! * columns + column;
    matrices.copyBytes[at]! += copies.bytes.data[row]!;
    matrices.copyNs[at]! += copies.durationNs.data[row]!;
  });
  return ok({
    result: {
      columns,
      totals: totalsOf(history),
      types: [
        ...types.chosen.map((type) => ({ label: history.typeName(type), pageType: history.types[type]! })),
        ...(types.hasRest ? [{ label: "others", pageType: null }] : []),
      ],
      kernels: [
        ...kernels.chosen.map((kernel) => history.kernels[kernel]!),
        ...(kernels.hasRest ? ["others"] : []),
      ],
      gatheredLsn: history.gatheredLsn,
    },
    columns: matrices,
  });
}

function totalsOf({ memory, copies, launches, samples, droppedRows, omitted }: DeviceHistory) {
  let allocations = 0;
  for (let row = 0; row < memory.bytes.length; row++) if (memory.bytes.data[row]! > 0) allocations++;
  return {
    allocations,
    frees: memory.bytes.length - allocations,
    copies: copies.lsn.length,
    launches: launches.lsn.length,
    samples: samples.lsn.length,
    droppedRows,
    omitted,
  };
}

interface Placed {
  readonly lsn: F64Column;
  readonly time: F64Column;
}

/** Where rows stand on the pixel columns. */
class View {
  readonly columns: number;
  readonly #isTime: boolean;
  readonly #from: number;
  readonly #width: number;

  constructor({ survey }: OpenedRecording, { axis, from, to, columns }: ParamsOf<"gpu.view">) {
    this.#isTime = axis === "time";
    const origin = this.#isTime ? survey.originNs : 0n;
    this.#from = Number(from - origin);
    this.#width = Number(to - from);
    this.columns = columns;
  }

  place(rows: Placed, row: number): number {
    return (this.#isTime ? rows.time : rows.lsn).data[row]!;
  }

  /** May lie outside. Multiplied first: with whole numbers the column is then the right one, also on its very edge. */
  columnOf(rows: Placed, row: number): number {
    return Math.floor(((this.place(rows, row) - this.#from) * this.columns) / this.#width);
  }

  /** The first row that does not lie before the view. */
  firstRow(rows: Placed): number {
    const { data, length } = this.#isTime ? rows.time : rows.lsn;
    // Places are whole numbers.
    return lastAtMost(data, 0, length, Math.ceil(this.#from) - 1) + 1;
  }

  *each(rows: Placed, visit: (row: number, column: number) => void): Sliced<void> {
    const { length } = rows.lsn;
    for (let row = this.firstRow(rows); row < length; row++) {
      const column = this.columnOf(rows, row);
      if (column >= this.columns) return;
      visit(row, column);
      if (row % ROWS_A_STEP === ROWS_A_STEP - 1) yield;
    }
  }
}

interface BandRows {
  readonly chosen: readonly number[];
  readonly hasRest: boolean;
  readonly rows: number;
  /** By number: its row. */
  readonly of: Uint32Array;
}

/** The numbers with the greatest weights, in their order, and one row for the others. */
function bandsOf(weights: readonly number[]): BandRows {
  const numbers = Array.from(weights, (_, number) => number);
  const chosen = numbers
    .sort((a, b) => weights[b]! - weights[a]! || a - b)
    .slice(0, MAX_BANDS)
    .sort((a, b) => a - b);
  const hasRest = weights.length > chosen.length;
  const of = new Uint32Array(weights.length).fill(chosen.length);
  for (const [row, number] of chosen.entries()) of[number] = row;
  return { chosen, hasRest, rows: chosen.length + (hasRest ? 1 : 0), of };
}

/** Each column shows the moment at which most is held: the state it begins with, or that after one of its rows. */
function* fillHeld(history: DeviceHistory, view: View, bands: BandRows, held: Float64Array): Sliced<void> {
  const { memory } = history;
  const { columns } = view;
  const first = view.firstRow(memory);
  const now = new Float64Array(bands.rows);
  for (const [type, bytes] of history.heldBefore(first).entries()) now[bands.of[type]!]! += bytes;
  let total = now.reduce((sum, bytes) => sum + bytes, 0);
  let most = total;
  const best = now.slice();
  let column = 0;
  const finish = (until: number) => {
    for (; column < until; column++) {
      for (let band = 0; band < bands.rows; band++) held[band * columns + column] = best[band]!;
      best.set(now);
      most = total;
    }
  };
  for (let row = first; row < memory.lsn.length; row++) {
    const at = view.columnOf(memory, row);
    finish(Math.min(at, columns));
    if (at >= columns) break;
    const bytes = memory.bytes.data[row]!;
    now[bands.of[memory.type.data[row]!]!]! += bytes;
    total += bytes;
    if (total > most) {
      most = total;
      best.set(now);
    }
    if (row % ROWS_A_STEP === ROWS_A_STEP - 1) yield;
  }
  finish(columns);
}

/** Of each column the last sample up to its end. */
function* fillReserved({ samples }: DeviceHistory, view: View, reserved: Float64Array): Sliced<void> {
  const first = view.firstRow(samples);
  let now = first === 0 ? -1 : samples.reserved.data[first - 1]!;
  let column = 0;
  for (let row = first; row < samples.lsn.length; row++) {
    const at = view.columnOf(samples, row);
    for (; column < Math.min(at, view.columns); column++) reserved[column] = now;
    if (at >= view.columns) break;
    now = samples.reserved.data[row]!;
    if (row % ROWS_A_STEP === ROWS_A_STEP - 1) yield;
  }
  reserved.fill(now, column);
}
