// Writes transactions into a recording until it is killed; each line on stdout is an LSN that is safe.
import { writeSync } from "node:fs";
import { Prng } from "../../engine/base/prng.ts";
import { unwrap } from "../../engine/base/result.ts";
import { LogWriter, type LogWriterOptions } from "../../engine/log/log-writer.ts";
import { RecordKind } from "../../engine/log/record-kinds.ts";
import { bodyOf, stateContent } from "./writer-content.ts";

const [path = "", making = "", rotateBytes = "0", seed = "1", most = "8"] = process.argv.slice(2);
const options: LogWriterOptions = {
  durability: "commit",
  ...(rotateBytes === "0" ? {} : { rotateBytes: Number(rotateBytes), snapshot: () => stateContent(4) }),
};
const writer = unwrap(
  making === "create" ? await LogWriter.create(path, options) : await LogWriter.open(path, options),
);
const prng = new Prng(Number(seed));
if (writer.openTransactionLsn !== 0) writer.abort("killed before");
writeSync(1, "0\n");
for (;;) {
  writer.begin("w");
  for (let records = prng.below(Number(most)); records > 0; records--)
    writer.append(RecordKind.Event, { source: "w", body: bodyOf(writer.lastLsn + 1) });
  const lsn = writer.commit("w");
  unwrap(await writer.durable());
  writeSync(1, `${lsn}\n`);
}
