/**
 * One end of a connection, whatever carries it: an Electron message port, a WebSocket, a socket, memory. Messages arrive whole, in
 * order, or the port closes.
 */
export interface Port {
  /** Sends a copy (or takes the bytes: the caller does not touch them again). Ignored after closing. */
  send(message: Uint8Array): void;
  /** Bytes handed to `send` that have not left yet; 0 where the carrier cannot tell. */
  readonly bufferedBytes: number;
  /** Called for every message; set once, before the first arrives. */
  onMessage(listener: (message: Uint8Array) => void): void;
  /** Called once, whoever closed. */
  onClose(listener: () => void): void;
  close(): void;
}
