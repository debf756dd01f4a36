/** The public API of MMSB. */
export { type Clock, ManualClock } from "./base/clock.ts";
export { type ErrorCode, type ErrorPlace, MmsbError } from "./base/errors.ts";
export type { JsonValue } from "./base/json.ts";
export { type Result, unwrap } from "./base/result.ts";
export type { ByteRange } from "./deltas/delta.ts";
export { DeltaBatch } from "./deltas/delta-batch.ts";
export type { DeviceBackend } from "./device/device-backend.ts";
export { MemoryAdvice } from "./device/device-memory.ts";
export type { PageResidence } from "./device/device-pages.ts";
export { type DeviceUsage, fragmentation, type TypeUsage } from "./device/device-usage.ts";
export { ElementType, Kernel, KernelFunction } from "./device/kernel-batch.ts";
export { type DeviceChoice, openDevice } from "./device/open-device.ts";
export { deserializeEvent, serializeEvent } from "./events/event-codec.ts";
export type { EventColumns } from "./events/event-columns.ts";
export type { EventSource } from "./events/event-hub.ts";
export type { EventLimit, EventLimits } from "./events/event-limits.ts";
export type { ColumnsHandler, EventHandler, EventSubscription } from "./events/event-subscription.ts";
export {
  type DeviceSample,
  type DeviceStop,
  EVENT_TYPES,
  type EventFields,
  type EventType,
  FIRST_PROGRAM_CODE,
  type LogLevel,
  type MmsbEvent,
} from "./events/event-types.ts";
export { GraphCycleError } from "./graph/graph-cycle-error.ts";
export type { KernelElement, KernelSpec, MapOperation, ZipOperation } from "./graph/kernels/kernel-spec.ts";
export type { WaveOptions } from "./graph/propagation.ts";
export type {
  ColumnElement,
  ColumnsFunction,
  FormulaFunction,
  RecomputeContext,
  RecomputeDefinition,
  RecomputeFunction,
  RecomputeModule,
  RecomputeOptions,
} from "./graph/recompute.ts";
export type { WaveCounts } from "./graph/wave-sink.ts";
export type { WorkerPoolOptions } from "./graph/workers/worker-pool.ts";
export { LogReader } from "./log/log-reader.ts";
export type { CheckpointRef, Damage, RecordSource } from "./log/record-source.ts";
export type { PageSpec } from "./pages/page-spec.ts";
export type {
  Edge,
  EdgeType,
  FieldType,
  PageDescriptor,
  PageImage,
  PageLocation,
  PageMetadata,
  PageSchema,
  SchemaField,
} from "./pages/page-types.ts";
export {
  type SharedHolding,
  type SharedPage,
  SharedPages,
  type SharedPagesOptions,
  type Transfer,
} from "./pages/shared-pages.ts";
export { Cursor } from "./replay/cursor.ts";
export { type DiffOutcome, type Divergence, diffRecordings } from "./replay/diff-recordings.ts";
export { history, lastWriter } from "./replay/history.ts";
export { openRecording, openSource } from "./replay/open-recording.ts";
export { Recording } from "./replay/recording.ts";
export { type ReplayOutcome, replayAll } from "./replay/replay-all.ts";
export { type VerifyOutcome, verifyRecording } from "./replay/verify.ts";
export { checkpointLog, type LoadedState, loadCheckpoint } from "./session/load-checkpoint.ts";
export { mmsb, mmsbStart, mmsbStop } from "./session/mmsb.ts";
export type { KnownRecompute, RecomputeState, RecomputeTarget } from "./session/recompute-target.ts";
export {
  type ReplayEventsOptions,
  replayEventColumns,
  replayEvents,
} from "./session/replay-events.ts";
export { Session } from "./session/session.ts";
export type { SessionDevice, SessionJob } from "./session/session-device.ts";
export type {
  ChangeOptions,
  EventOptions,
  SessionEventOptions,
  SessionOptions,
  SessionStats,
  WriteOptions,
} from "./session/session-options.ts";
export type { SessionWaves } from "./session/session-waves.ts";
export { MMSB_VERSION } from "./session/version.ts";
