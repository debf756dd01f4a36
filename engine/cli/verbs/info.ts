import type { Command } from "commander";
import { toHex } from "../../base/bytes.ts";
import { unwrap } from "../../base/result.ts";
import { MmsbSnap } from "../../log/foreign/mmsbsnap.ts";
import { RecordKind } from "../../log/record-kinds.ts";
import { formatOf } from "../../replay/open-recording.ts";
import { Recording } from "../../replay/recording.ts";
import { type Cli, type CommonOptions, runVerb, verb } from "../command.ts";
import { EXIT_FINE } from "../exit-codes.ts";
import { damageJson, openInput, warnOfDamage } from "../open-input.ts";
import { drive } from "../progress.ts";
import { counted, durationText, sizeText, timeText } from "../text.ts";

export function infoVerb(): Command {
  return verb("info <FILE>", "what a recording or snapshot holds").action(
    (file: string, options: CommonOptions) => runVerb(options, (cli) => info(cli, file)),
  );
}

async function info(cli: Cli, path: string): Promise<number> {
  const format = formatOf(path);
  if (format.ok && format.value === "mmsbsnap") return snapshotInfo(cli, path);
  const source = await openInput(path);
  const recording = unwrap(await drive("indexing", Recording.open(source)));
  const { tables } = recording.index;
  const records = tables.kindRecords.reduce((sum, count) => sum + count, 0);
  const first = records > 0 ? String(tables.firstTimeNs) : null;
  const last = records > 0 ? String(tables.lastTimeNs) : null;
  const summary = {
    path,
    format: source.format,
    version: source.formatVersion,
    uuid: toHex(source.uuid),
    records,
    deltas: tables.kindRecords[RecordKind.Delta]!,
    events: tables.kindRecords[RecordKind.Event]!,
    pages: tables.ids.count,
    checkpoints: source.checkpoints.filter((ref) => ref.recordLsn > 0).length,
    firstLsn: String(source.firstLsn),
    lastLsn: String(source.lastLsn),
    committedLsn: String(source.committedLsn),
    firstTimestampNs: first,
    lastTimestampNs: last,
    fileBytes: source.fileBytes,
    complete: source.complete,
    damage: damageJson(source),
    lost: source.gaps.map(({ fromLsn, toLsn }) => ({ fromLsn: String(fromLsn), toLsn: String(toLsn) })),
  };
  if (cli.isJson) cli.out.json(summary);
  else {
    const { out } = cli;
    out.line(`${path}: ${summary.format} version ${summary.version}, ${sizeText(summary.fileBytes)}`);
    out.line(`  records      ${counted(records, "record")}, LSN ${summary.firstLsn} to ${summary.lastLsn}`);
    out.line(`               ${counted(summary.deltas, "delta")}, ${counted(summary.events, "event")}`);
    out.line(`  pages        ${counted(summary.pages, "page")}`);
    out.line(`  checkpoints  ${summary.checkpoints}`);
    if (records > 0) {
      out.line(`  from         ${timeText(tables.firstTimeNs)} UTC`);
      out.line(
        `  to           ${timeText(tables.lastTimeNs)} UTC (${durationText(tables.lastTimeNs - tables.firstTimeNs)})`,
      );
    }
    out.line(`  closed       ${summary.complete ? "yes" : "no: it was cut, or is still being written"}`);
    if (source.committedLsn < source.lastLsn)
      out.line(`  unfinished   the last transaction, from LSN ${source.committedLsn + 1}`);
    for (const gap of summary.lost) out.line(`  lost         LSN ${gap.fromLsn} to ${gap.toLsn}`);
  }
  const code = warnOfDamage(source);
  recording.close();
  return code;
}

function snapshotInfo(cli: Cli, path: string): number {
  const snapshot = unwrap(MmsbSnap.open(path));
  const summary = {
    path,
    format: "mmsbsnap",
    version: snapshot.version,
    records: 0,
    deltas: 0,
    events: 0,
    pages: snapshot.pages.length,
    checkpoints: 1,
    firstTimestampNs: null,
    lastTimestampNs: null,
    fileBytes: snapshot.fileBytes,
    complete: true,
    damage: null,
    layout: snapshot.layout,
    logOffset: String(snapshot.logOffset),
  };
  snapshot.close();
  if (cli.isJson) cli.out.json(summary);
  else {
    cli.out.line(`${path}: mmsbsnap version ${summary.version}, ${sizeText(summary.fileBytes)}`);
    cli.out.line(`  pages        ${counted(summary.pages, "page")}`);
    cli.out.line(`  goes on at   byte ${summary.logOffset} of its log`);
  }
  return EXIT_FINE;
}
