/** What preload and main say to each other; the page takes part in none of it but the last. */
export const CHANNELS = {
  /** Preload to main: the page is there and wants its port. */
  wantPort: "mmsb:want-port",
  /** Main to preload, with the port. */
  port: "mmsb:port",
  /** Preload to main: paths of files dropped on the window. */
  dropped: "mmsb:dropped",
} as const;

/** What the preload posts to the page, with the port as its only transfer (renderer/client/engine-port.ts knows it by the same text). */
export const PAGE_PORT_MESSAGE = "mmsb:port";
