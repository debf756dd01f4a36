import { once } from "node:events";
import { MmsbError } from "../base/errors.ts";
import { EXIT_FINE, EXIT_PROBLEM } from "./exit-codes.ts";

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

/** A reader that has seen enough (`| head`) ends the program quietly; output that has no room left ends it with one line. */
export function endOnLostOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(process.exitCode ?? EXIT_FINE);
      if (stream === process.stdout) {
        const remedy = "Send the output to where there is room";
        const why = error.code === "ENOSPC" ? "no space left" : (error.code ?? error.message);
        const code = error.code === "ENOSPC" ? "LOG_NO_SPACE" : "LOG_IO";
        process.stderr.write(
          `${new MmsbError(code, `${why} while writing standard output`, remedy).describe()}\n`,
        );
      }
      process.exit(EXIT_PROBLEM);
    });
  }
}
