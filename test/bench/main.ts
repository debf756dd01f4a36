// `npm run bench -- [name…] [--json]`: every figure beside the least that this machine needs for the same work, measured in the same run.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appendBench } from "./append.ts";
import { codecBench } from "./codec.ts";
import { eventsBench } from "./events.ts";
import { graphBench } from "./graph.ts";
import { checkpointBench, replayBench, scanBench, writeBench } from "./log.ts";
import { nativeBench } from "./native.ts";
import { RawBounds } from "./raw-bounds.ts";
import type { BenchLine, Report } from "./report.ts";
import { seekBench } from "./seek.ts";
import { studioBench } from "./studio.ts";

const BENCHES: Readonly<Record<string, (report: Report, folder: string) => Promise<void>>> = {
  codec: codecBench,
  native: nativeBench,
  write: writeBench,
  append: appendBench,
  scan: scanBench,
  replay: replayBench,
  checkpoint: checkpointBench,
  seek: seekBench,
  studio: studioBench,
  events: eventsBench,
  graph: graphBench,
};

function print(line: BenchLine, json: boolean): void {
  if (json) {
    const { name, value, unit, bound = null, ratio = null } = line;
    console.log(JSON.stringify({ name, value, unit, bound, ratio }));
    return;
  }
  const figure = `${line.value.toPrecision(4)} ${line.unit}`.padStart(16);
  const bound = line.bound === undefined ? "" : `bound ${line.bound.toPrecision(4)}`;
  const ratio = line.ratio === undefined ? "" : `ratio ${line.ratio.toFixed(3)}`;
  console.log(`${line.name.padEnd(72)}${figure}  ${bound.padEnd(16)} ${ratio}`);
}

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  const json = args.includes("--json");
  const wanted = args.filter((arg) => !arg.startsWith("--"));
  const unknown = wanted.filter((name) => BENCHES[name] === undefined);
  if (unknown.length > 0) {
    console.error(`no such bench: ${unknown.join(", ")}; there are ${Object.keys(BENCHES).join(", ")}`);
    return 2;
  }
  const folder = mkdtempSync(join(tmpdir(), "mmsb-bench-"));
  try {
    if (!new RawBounds(folder).isAvailable)
      console.error("no C compiler: the machine's own bounds are left out");
    for (const [name, bench] of Object.entries(BENCHES)) {
      if (wanted.length === 0 || wanted.includes(name)) await bench((line) => print(line, json), folder);
    }
    return 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
