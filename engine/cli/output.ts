import { once } from "node:events";

/** Lines gathered before they are handed to the stream. */
const CHUNK_CHARACTERS = 65_536;

/** Standard output: lines in large pieces, waiting where the reader is slow. */
export class Output {
  #pending: string[] = [];
  #characters = 0;

  text(text: string): void {
    this.#pending.push(text);
    this.#characters += text.length;
  }

  line(text = ""): void {
    this.text(`${text}\n`);
  }

  json(value: unknown): void {
    this.line(JSON.stringify(value));
  }

  /** Call it between lines: writes when there is enough, and waits until the reader has taken it. */
  async drain(): Promise<void> {
    if (this.#characters >= CHUNK_CHARACTERS) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#pending.length === 0) return;
    const text = this.#pending.join("");
    this.#pending = [];
    this.#characters = 0;
    if (!process.stdout.write(text)) await once(process.stdout, "drain");
  }
}

/** A reader that has seen enough (`| head`) ends the program quietly. */
export function endQuietlyOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(process.exitCode ?? 0);
      throw error;
    });
  }
}
