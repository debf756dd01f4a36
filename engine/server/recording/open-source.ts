import { closeSync, openSync, readSync } from "node:fs";
import { fail, ok, type Result } from "../../base/result.ts";
import { ioError } from "../../log/file-system.ts";
import { foreignFormatOf } from "../../log/foreign/foreign-format.ts";
import { MmsbLog1Source } from "../../log/foreign/mmsblog1-source.ts";
import { LogReader } from "../../log/log-reader.ts";
import type { RecordSource } from "../../log/record-source.ts";

const HEAD_BYTES = 8;

/** Opens a recording of any format that can be stepped through, told apart by its first bytes. */
export function openSource(path: string): Result<RecordSource> {
  const head = readHead(path);
  if (!head.ok) return head;
  const foreign = foreignFormatOf(head.value);
  if (foreign === "mmsbsnap") {
    return fail(
      "UNSUPPORTED",
      "this is a snapshot: it holds one state and no records",
      "Open the log it was taken of",
      {
        path,
      },
    );
  }
  return foreign === "mmsblog1" ? MmsbLog1Source.open(path) : LogReader.open(path);
}

function readHead(path: string): Result<Uint8Array> {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (cause) {
    // A later segment names the set even where its first one is gone: the reader knows.
    return (cause as { code?: string }).code === "ENOENT"
      ? ok(new Uint8Array(0))
      : { ok: false, error: ioError(cause, path, "open") };
  }
  try {
    const head = new Uint8Array(HEAD_BYTES);
    return ok(head.subarray(0, readSync(file, head, 0, HEAD_BYTES, 0)));
  } catch (cause) {
    return { ok: false, error: ioError(cause, path, "read") };
  } finally {
    closeSync(file);
  }
}
