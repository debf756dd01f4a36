/** Copies a recording in a thread of its own, so that the command stays able to show progress and to be interrupted. */
import { parentPort, workerData } from "node:worker_threads";
import { MmsbError } from "../base/errors.ts";
import { ok, type Result, unwrap } from "../base/result.ts";
import { exportMmsbLog1 } from "../log/foreign/export-mmsblog1.ts";
import type { RecordBatch } from "../log/record-batch.ts";
import type { RecordSource } from "../log/record-source.ts";
import { recoverLog } from "../log/recover.ts";
import { openSource } from "../replay/open-recording.ts";
import type { CopyJob, CopyMessage, CopyReport } from "./copy-job.ts";

const POST_MS = 100;
let postedMs = performance.now();

function send(message: CopyMessage): void {
  parentPort?.postMessage(message);
}

function tell(done: number, total: number): boolean {
  const now = performance.now();
  if (now - postedMs > POST_MS) {
    postedMs = now;
    send({ done, total });
  }
  return true;
}

/** The source, but telling progress as its blocks are read. */
function watched(source: RecordSource): RecordSource {
  const readBlock = (block: number, into: RecordBatch): Result<void> => {
    tell(block + 1, source.blockCount);
    return source.readBlock(block, into);
  };
  return new Proxy(source, {
    get(target, key) {
      if (key === "readBlock") return readBlock;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

async function copy({ input, output, to }: CopyJob): Promise<Result<CopyReport>> {
  const source = unwrap(openSource(input));
  const lostBytes = source.damage.reduce((sum, damage) => sum + damage.lostBytes, 0);
  if (to === "mmsblog1") {
    const exported = exportMmsbLog1(source, output, { onProgress: tell });
    source.close();
    if (!exported.ok) return exported;
    const { frames, leftOut } = exported.value;
    return ok({ records: frames, dropped: 0, lostBytes, leftOut });
  }
  const copied = await recoverLog(watched(source), output);
  source.close();
  return copied.ok ? ok({ ...copied.value, leftOut: [] }) : copied;
}

copy(workerData as CopyJob)
  .then(unwrap)
  .then(
    (report) => send({ report }),
    (error: unknown) => {
      if (!(error instanceof MmsbError)) throw error;
      const { code, message, remedy, place } = error;
      send({ error: { code, message, remedy, place } });
    },
  );
