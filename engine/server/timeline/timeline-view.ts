import { fail, ok, type Result } from "../../base/result.ts";
import { decodeEvent } from "../../log/record-bodies.ts";
import { RecordKind } from "../../log/record-kinds.ts";
import { KIND_GROUPS } from "../../protocol/requests/timeline.ts";
import type { ParamsOf, ReplyOf } from "../../protocol/requests.ts";
import { kindGroupOf } from "../recording/kind-groups.ts";
import type { OpenedRecording } from "../recording/opened-recording.ts";
import { sourceColour } from "../recording/recording-info.ts";
import type { Sliced } from "../slice-scheduler.ts";
import { Axis } from "./axis.ts";
import { type Bands, busiestSources, eventBands } from "./bands.ts";
import { marksIn } from "./marks.ts";
import { addEvenly } from "./spread.ts";
import { transactionsIn } from "./transactions.ts";
import { wavesIn } from "./waves.ts";

/** Summary rows gone through between two chances to stop. */
const BLOCKS_A_STEP = 1024;

type View = ReplyOf<"timeline.view">;

/** Everything that the timeline draws for one viewport. */
export function* viewTimeline(
  opened: OpenedRecording,
  params: ParamsOf<"timeline.view">,
): Sliced<Result<View>> {
  const { recording, survey } = opened;
  const { columns } = params;
  if (params.to <= params.from) {
    return fail(
      "ARGUMENT_INVALID",
      "the viewport is empty: it ends where it begins or before",
      "Give a 'to' above 'from'",
    );
  }
  const axis = new Axis(opened, params);
  const bands = busiestSources(opened);
  const events = eventBands(opened);
  const matrices: Matrices = {
    columns,
    density: new Uint32Array(bands.labels.length * columns),
    kindDensity: new Uint32Array(KIND_GROUPS.length * columns),
    eventDensity: new Uint32Array(events.labels.length * columns),
    byteDensity: new Float64Array(columns),
  };
  const { firstBlock, lastBlock, isExact } = axis;
  for (let block = firstBlock; block <= lastBlock; block++) {
    if (isExact) {
      const counted = countBlock(opened, axis, block, bands, events, matrices);
      if (!counted.ok) return counted;
      yield;
    } else {
      spreadBlock(opened, axis, block, bands, events, matrices);
      if ((block - firstBlock) % BLOCKS_A_STEP === BLOCKS_A_STEP - 1) yield;
    }
  }
  axis.fillEdges(isExact);
  const transactions = transactionsIn(opened, axis);
  if (!transactions.ok) return transactions;
  yield;
  const waves = wavesIn(opened, axis);
  if (!waves.ok) return waves;
  yield;
  const marks = marksIn(opened, axis);
  const { columns: _, ...drawn } = matrices;
  return ok({
    result: {
      columns,
      bands: bands.labels.map((label, band) => {
        const source = bands.sources[band] ?? null;
        return { label, source, colour: source === null ? 0 : sourceColour(source) };
      }),
      eventBands: events.labels.map((label, band) => ({ label, eventType: events.sources[band] ?? null })),
      exact: isExact,
      transactionsListed: transactions.value.isListed,
      wavesListed: waves.value.isListed,
      marksOmitted: marks.omitted,
      surveyedLsn: BigInt(survey.isComplete ? recording.lastLsn : survey.surveyedLsn),
    },
    columns: {
      ...drawn,
      edgeLsn: axis.edgeLsn,
      edgeTimeNs: axis.edgeTimeNs,
      ...transactions.value.columns,
      ...waves.value.columns,
      markLsn: marks.lsn,
      markTimeNs: marks.timeNs,
      markKind: marks.kind,
    },
  });
}

interface Matrices {
  readonly columns: number;
  readonly density: Uint32Array;
  readonly kindDensity: Uint32Array;
  readonly eventDensity: Uint32Array;
  readonly byteDensity: Float64Array;
}

/** Record by record: each stands in the column that it belongs to. */
function countBlock(
  opened: OpenedRecording,
  axis: Axis,
  block: number,
  bands: Bands,
  events: Bands,
  { columns, density, kindDensity, eventDensity, byteDensity }: Matrices,
): Result<void> {
  const { recording, survey } = opened;
  const found = recording.batchAt(survey.firstLsn.data[block]!);
  if (!found.ok) return found;
  const batch = found.value;
  const { sources } = recording.index.tables;
  const bandOf = batch.strings.map((text) => bands.of(sources.find(text)));
  const firstRow = batch.rowOf(survey.firstLsn.data[block]!);
  axis.enterBlock(block);
  for (let row = firstRow; row < firstRow + survey.records.data[block]!; row++) {
    const column = axis.columnOf(batch, row);
    if (column < 0) continue;
    const kind = batch.kind[row]!;
    kindDensity[kindGroupOf(kind) * columns + column]!++;
    if (kind === RecordKind.Delta) {
      const band = bandOf[batch.source[row]!] ?? bands.of(sources.find(""));
      density[band * columns + column]!++;
      byteDensity[column]! += batch.bodyLength[row]!;
    } else if (kind === RecordKind.Event) {
      const event = decodeEvent(batch.body(row));
      if (event.ok)
        eventDensity[events.of(survey.eventTypes.find(event.value.eventType)) * columns + column]!++;
    }
  }
  return ok();
}

/** From the survey: what a block holds is shared out evenly over the columns that it covers. */
function spreadBlock(
  opened: OpenedRecording,
  axis: Axis,
  block: number,
  bands: Bands,
  events: Bands,
  { columns, density, kindDensity, eventDensity, byteDensity }: Matrices,
): void {
  const { survey } = opened;
  const [from, to] = axis.extentOf(block);
  const isLast = block + 1 === survey.blockCount;
  const groups = KIND_GROUPS.length;
  for (let group = 0; group < groups; group++) {
    const records = survey.groups.data[block * groups + group]!;
    if (records > 0) addEvenly(kindDensity, group * columns, columns, from, to, records);
  }
  const sourcesEnd = isLast ? survey.sourceNumber.length : survey.sourceFrom.data[block + 1]!;
  for (let at = survey.sourceFrom.data[block]!; at < sourcesEnd; at++) {
    const band = bands.of(survey.sourceNumber.data[at]!);
    addEvenly(density, band * columns, columns, from, to, survey.sourceDeltas.data[at]!);
  }
  const eventsEnd = isLast ? survey.eventNumber.length : survey.eventFrom.data[block + 1]!;
  for (let at = survey.eventFrom.data[block]!; at < eventsEnd; at++) {
    const band = events.of(survey.eventNumber.data[at]!);
    addEvenly(eventDensity, band * columns, columns, from, to, survey.eventCount.data[at]!);
  }
  addEvenly(byteDensity, 0, columns, from, to, survey.deltaBytes.data[block]!);
}
