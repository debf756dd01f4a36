/**
 * What one connection may ask for. The sums behind the numbers:
 * a viewport of 4096 pixel columns × 32 bands × 4 bytes is 512 KiB, so 16 MiB from the server leaves room for every reply;
 * the largest message of a client is an upload chunk (512 KiB) or 1 MiB of bookmarks.
 */
export const LIMITS = {
  /** Bytes of one frame from client to server. */
  clientFrameBytes: 1_310_720,
  /** Bytes of one frame from server to client. */
  serverFrameBytes: 16_777_216,
  /** Bytes of the JSON part of a client's frame. */
  controlBytes: 1_048_576,
  /** Columns of one frame. */
  columns: 64,
  /** Requests of one connection that are not answered yet. */
  inFlight: 64,
  subscriptions: 16,
  /** Recordings that one connection has open. */
  recordings: 8,
  /** Most updates that a subscriber may ask for ahead. */
  credit: 1024,
  /** Pixel columns of a viewport. */
  viewportColumns: 4096,
  /** Rows of a window of records or pages. */
  windowRows: 2000,
  /** Bytes of a page in one reply. */
  pageBytes: 4_194_304,
  /** Nodes (pages and clusters) of a graph view. */
  graphNodes: 20_000,
  bookmarks: 2000,
  uploadChunkBytes: 524_288,
} as const;
