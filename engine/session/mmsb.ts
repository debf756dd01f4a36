import type { MmsbError } from "../base/errors.ts";
import { fail, ok, type Result } from "../base/result.ts";
import type { EventHubOptions } from "../events/event-hub.ts";
import { LogReader } from "../log/log-reader.ts";
import { LogWriter, type LogWriterOptions } from "../log/log-writer.ts";
import { encodeSessionStart } from "../log/record-bodies.ts";
import { RecordKind } from "../log/record-kinds.ts";
import { EdgeSet } from "../pages/edge-set.ts";
import { checkMetadata, EMPTY_METADATA } from "../pages/metadata.ts";
import { PageTable } from "../pages/page-table.ts";
import { Recording } from "../replay/recording.ts";
import { LiveEvents } from "./live-events.ts";
import { Reactive } from "./reactive.ts";
import { rebindRecomputes } from "./rebind-recomputes.ts";
import { abortUnfinished, rebuildState } from "./reopen-state.ts";
import { Session } from "./session.ts";
import { SessionCheckpoints } from "./session-checkpoints.ts";
import { SessionDevice } from "./session-device.ts";
import type { SessionEventOptions, SessionOptions } from "./session-options.ts";
import { StateWriter } from "./state-writer.ts";
import { MMSB_VERSION } from "./version.ts";
import { WaveLog } from "./wave-log.ts";

let current: Session | undefined;

/**
 * Starts a session: a new recording, or with `reopen` one that is gone on with. Any number may live in a process; the one started last is
 * {@link mmsb}'s. Errors: LOG_EXISTS, LOG_NOT_FOUND, LOG_LOCKED, LOG_BLOCK_DAMAGED, METADATA_INVALID, ARGUMENT_INVALID, DEVICE_OUT_OF_MEMORY, I/O.
 */
export async function mmsbStart(options: SessionOptions): Promise<Result<Session>> {
  const { path, reopen = false, metadata = EMPTY_METADATA } = options;
  const checked = checkMetadata(metadata);
  if (!checked.ok) return checked;
  const table = new PageTable(options.memory);
  const edges = new EdgeSet();
  const parts: { checkpoints?: SessionCheckpoints } = {};
  const writerOptions: LogWriterOptions = {
    ...chosen(options),
    // The log only asks for it at a commit, when the session stands.
    snapshot: () => parts.checkpoints!.snapshot(),
  };
  const opened = reopen
    ? await LogWriter.open(path, writerOptions)
    : await LogWriter.create(path, writerOptions);
  if (!opened.ok) return opened;
  const log = opened.value;
  const events = new LiveEvents(log, { report: warn, ...hubOptions(options.events) });
  const listening = options.events?.onEvent === undefined ? ok() : events.hub.onAny(options.events.onEvent);
  const waves = new WaveLog();
  const reactive = new Reactive(table, waves, options.memory?.maxPages);
  if (options.waveBudget !== undefined) reactive.limits = { budget: options.waveBudget };
  const state = new StateWriter(table, edges, log, events, reactive);
  waves.attach(state);
  const checkpoints = new SessionCheckpoints(state);
  parts.checkpoints = checkpoints;
  const threaded = listening.ok ? reactive.startWorkers(options.workers ?? 0) : listening;
  const started = threaded.ok ? begin(state, options, reopen) : threaded;
  if (!started.ok) {
    await log.close();
    return started;
  }
  const device =
    options.device === undefined
      ? undefined
      : new SessionDevice(state, options.device, options.recordDeviceEvents, options.minDeviceKernelBytes);
  const placed = device?.begin();
  if (placed?.ok === false) {
    await log.close();
    return placed;
  }
  current = new Session(state, checkpoints, waves, device);
  const session = current;
  events.settle();
  return ok(session);
}

/** Ends a session, the current one unless another is given. Errors: TRANSACTION_STATE, I/O. Nothing running is fine. */
export async function mmsbStop(session: Session | undefined = current): Promise<Result<void>> {
  if (session === undefined) return ok();
  const stopped = await session.stop();
  if (session === current && session.isStopped) current = undefined;
  return stopped;
}

/** The session started last that still runs. Errors: LOG_CLOSED. */
export function mmsb(): Result<Session> {
  if (current !== undefined && !current.isStopped) return ok(current);
  return fail("LOG_CLOSED", "no session runs", "Start one with mmsbStart");
}

function begin(state: StateWriter, options: SessionOptions, reopen: boolean): Result<void> {
  if (reopen) {
    const rebuilt = goOn(state, options);
    if (!rebuilt.ok) return rebuilt;
  }
  const body = encodeSessionStart({
    writer: `mmsb ${MMSB_VERSION}`,
    metadata: options.metadata ?? EMPTY_METADATA,
  });
  const logged = state.append(RecordKind.SessionStart, { body });
  return logged.ok ? ok() : logged;
}

function goOn(state: StateWriter, { path, fileSystem }: SessionOptions): Result<void> {
  const source = LogReader.open(path, fileSystem === undefined ? {} : { fileSystem });
  if (!source.ok) return source;
  const opened = Recording.fromSource(source.value, { index: "memory" });
  if (!opened.ok) return opened;
  const recording = opened.value;
  const rebuilt = rebuildState(recording, state.table, state.edges);
  if (rebuilt.ok) {
    const rebound = rebindRecomputes(source.value, state);
    if (!rebound.ok) return rebound;
  }
  const ready = rebuilt.ok && state.log.openTransactionLsn > 0 ? abortUnfinished(recording, state) : rebuilt;
  recording.close();
  return ready;
}

function hubOptions(events: SessionEventOptions = {}): Partial<EventHubOptions> {
  const { onTrouble: report, maxWaiting, seed } = events;
  return Object.fromEntries(
    Object.entries({ report, maxWaiting, seed }).filter(([, value]) => value !== undefined),
  );
}

/** Trouble with events that nobody asked to hear of. */
function warn(error: MmsbError): void {
  process.emitWarning(error.describe(), { type: "MmsbWarning", code: error.code });
}

/** What the log's writer is told, without the options that were left out. */
function chosen(options: SessionOptions): LogWriterOptions {
  const { uuid, clock, durability, intervalMs, rotateBytes, keepSegments, fileSystem, lock } = options;
  const all = { uuid, clock, durability, intervalMs, rotateBytes, keepSegments, fileSystem, lock };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}
