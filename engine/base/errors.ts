/**
 * Every way in which MMSB can say no. A code is stable: programs match on it, documents name it.
 * Prefix = the part that raises it.
 */
export type ErrorCode =
  // arguments at a public edge
  | "ARGUMENT_INVALID"
  | "CANCELLED"
  | "LIMIT_EXCEEDED"
  | "UNSUPPORTED"
  // pages
  | "PAGE_EXISTS"
  | "PAGE_ID_REUSED"
  | "PAGE_UNKNOWN"
  | "PAGE_SIZE_INVALID"
  | "PAGE_RESIZE_REFUSED"
  | "PAGE_OUT_OF_MEMORY"
  | "PAGE_STATE"
  | "PAGE_FORMAT"
  | "PAGE_CHECKSUM"
  | "SCHEMA_INVALID"
  | "METADATA_INVALID"
  // deltas
  | "DELTA_RANGE"
  | "DELTA_LENGTH"
  | "DELTA_PAGE_MISMATCH"
  | "RUNS_CORRUPT"
  // the log
  | "LOG_NOT_FOUND"
  | "LOG_NOT_A_LOG"
  | "LOG_VERSION"
  | "LOG_EMPTY"
  | "LOG_HEADER_DAMAGED"
  | "LOG_BLOCK_DAMAGED"
  | "LOG_TRUNCATED"
  | "LOG_RECORDS_LOST"
  | "LOG_RECORD_CORRUPT"
  | "LOG_KIND_UNKNOWN"
  | "LOG_LOCKED"
  | "LOG_READ_ONLY"
  | "LOG_CLOSED"
  | "LOG_EXISTS"
  | "LOG_IO"
  | "LOG_NO_SPACE"
  | "LOG_SEGMENT_MISSING"
  | "TRANSACTION_STATE"
  // index, checkpoints, replay
  | "INDEX_STALE"
  | "INDEX_DAMAGED"
  | "CHECKPOINT_DAMAGED"
  | "CHECKPOINT_NOT_FOUND"
  | "LSN_OUT_OF_RANGE"
  | "LSN_DROPPED"
  | "STATE_UNKNOWN"
  | "HASH_MISMATCH"
  // foreign formats
  | "FOREIGN_TRUNCATED"
  | "FOREIGN_FORMAT"
  | "FOREIGN_BINCODE"
  | "FOREIGN_NOT_REPRESENTABLE"
  // graph, events
  | "GRAPH_CYCLE"
  | "GRAPH_EDGE_UNKNOWN"
  | "RECOMPUTE_FAILED"
  | "RECOMPUTE_UNDECLARED_READ"
  | "RECOMPUTE_FOREIGN_WRITE"
  | "WAVE_BUDGET"
  | "EVENT_CORRUPT"
  | "EVENT_HANDLER_FAILED"
  // protocol and server
  | "ACCESS_DENIED"
  | "ADDRESS_UNAVAILABLE"
  | "BOOKMARKS_CHANGED"
  | "BOOKMARKS_FORMAT"
  | "PROTOCOL_VERSION"
  | "PROTOCOL_MESSAGE"
  | "PROTOCOL_TOO_LARGE"
  | "PROTOCOL_UNKNOWN_REQUEST"
  | "RECORDING_NOT_OPEN"
  | "PORT_CLOSED"
  // native and devices
  | "NATIVE_UNAVAILABLE"
  | "DEVICE_UNAVAILABLE"
  | "DEVICE_FAILED"
  | "DEVICE_OUT_OF_MEMORY"
  // a bug of ours, caught at a door
  | "INTERNAL";

/** Where the trouble is. Offsets are bytes from the start of the file or buffer concerned. */
export interface ErrorPlace {
  readonly path?: string;
  readonly offset?: number;
  readonly lsn?: number;
  readonly pageId?: bigint;
}

/** The one error type that crosses a module boundary: what happened, where, and what to do. */
export class MmsbError extends Error {
  override readonly name = "MmsbError";
  readonly code: ErrorCode;
  /** What the reader of this error can do about it: one sentence. */
  readonly remedy: string;
  readonly place: ErrorPlace;

  constructor(code: ErrorCode, message: string, remedy: string, place: ErrorPlace = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.remedy = remedy;
    this.place = place;
  }

  /** One line: code, message, place, remedy. */
  describe(): string {
    const { path, offset, lsn, pageId } = this.place;
    const parts: string[] = [];
    if (path !== undefined) parts.push(path);
    if (offset !== undefined) parts.push(`offset ${offset}`);
    if (lsn !== undefined) parts.push(`LSN ${lsn}`);
    if (pageId !== undefined) parts.push(`page ${pageId}`);
    const where = parts.length === 0 ? "" : ` (${parts.join(", ")})`;
    return `${this.code}: ${this.message}${where}. ${this.remedy}`;
  }
}
