import { type Command, Option } from "commander";
import { toHex } from "../../base/bytes.ts";
import { ok, unwrap } from "../../base/result.ts";
import { RecordBatch } from "../../log/record-batch.ts";
import { RecordKind } from "../../log/record-kinds.ts";
import type { RecordSource } from "../../log/record-source.ts";
import { replaying } from "../../replay/replay-all.ts";
import { type DeviceChoice, replayOnDevice, withDevice } from "../../session/device-replay.ts";
import { type Cli, type CommonOptions, lsnArgument, runVerb, verb } from "../command.ts";
import { EXIT_PROBLEM } from "../exit-codes.ts";
import { type InputOptions, openInput, warnOfDamage } from "../open-input.ts";
import { drive } from "../progress.ts";
import { counted, sizeText } from "../text.ts";

interface ReplayOptions extends CommonOptions, InputOptions {
  readonly at?: number;
  readonly device?: DeviceChoice;
}

export function replayVerb(): Command {
  return verb("replay <FILE>", "rebuild the final state, or that after a record")
    .option("--at <LSN>", "the state after this record", lsnArgument)
    .option("--snapshot <FILE>", "MMSBSNAP file that an MMSBLOG1 file goes on from")
    .option("--page-sizes <JSONFILE>", '{"id": bytes}: the pages of an MMSBLOG1 file, zeroed at the start')
    .addOption(
      new Option(
        "--device <NAME>",
        "rebuild the pages on a device instead, and compare: a GPU, or the CPU doing its work",
      ).choices(["auto", "cuda", "cpu"]),
    )
    .action((file: string, options: ReplayOptions) => runVerb(options, (cli) => replay(cli, file, options)));
}

async function replay(cli: Cli, path: string, options: ReplayOptions): Promise<number> {
  const source = await openInput(path, options);
  const outcome = unwrap(await drive("replaying", replaying(source, { at: options.at, fromStart: true })));
  const { table } = outcome.state;
  const onDevice =
    options.device === undefined ? undefined : replayThere(options.device, source, outcome.lsn);
  const isSame = onDevice === undefined || onDevice.stateHash === toHex(outcome.stateHash);
  const inTransaction = isInTransaction(source, outcome.lsn);
  const summary = {
    lsn: String(outcome.lsn),
    applied: outcome.applied,
    rejected: outcome.rejected,
    unknown: outcome.unknown,
    stateHash: toHex(outcome.stateHash),
    structureHash: toHex(outcome.structureHash),
    ...(onDevice === undefined ? {} : { device: { ...onDevice, isSame } }),
    inTransaction,
    uncertain: outcome.uncertain.map(String),
    edges: outcome.state.edges.size,
    pages: Array.from(table.slotsInIdOrder(), (slot) => ({
      id: String(table.idOf(slot)),
      sizeBytes: table.size[slot]!,
      epoch: table.epoch[slot]!,
      location: table.locationOf(slot),
      type: table.typeOf(slot),
      sha256: toHex(outcome.state.pageHash(slot)),
    })),
  };
  if (cli.isJson) cli.out.json(summary);
  else {
    const { out } = cli;
    out.line(
      `the state after LSN ${summary.lsn}${inTransaction ? ", inside a transaction: it is partial" : ""}`,
    );
    const { applied, rejected, unknown } = summary;
    out.line(`  deltas       ${applied} applied, ${rejected} rejected, ${unknown} for unknown pages`);
    out.line(`  pages        ${counted(table.count, "page")}, ${sizeText(table.usedBytes)}`);
    out.line(`  edges        ${summary.edges}`);
    out.line(`  state hash   ${summary.stateHash}`);
    if (onDevice !== undefined) {
      const verdict = isSame ? "the same" : `${onDevice.stateHash}: NOT the same`;
      out.line(`  on device    ${onDevice.name}: ${onDevice.applied} deltas, state hash ${verdict}`);
    }
    if (summary.uncertain.length > 0)
      out.line(`  uncertain    ${counted(summary.uncertain.length, "page")}: records of them are lost`);
    for (const page of summary.pages) {
      const words = [page.id.padStart(20), sizeText(page.sizeBytes).padStart(11), `@${page.epoch}`.padEnd(8)];
      out.line(
        `  ${words.join("  ")}  ${page.location.padEnd(7)}  ${page.sha256.slice(0, 16)}  ${page.type}`,
      );
      await out.drain();
    }
  }
  const code = warnOfDamage(source);
  source.close();
  return isSame ? code : EXIT_PROBLEM;
}

/** The same state rebuilt on a device. */
function replayThere(choice: DeviceChoice, source: RecordSource, lsn: number) {
  return unwrap(
    withDevice(choice, (device) => {
      const replayed = replayOnDevice(source, device, lsn);
      if (!replayed.ok) return replayed;
      const { applied, stateHash } = replayed.value;
      const { name, description } = device;
      return ok({ backend: name, name: description.name, applied, stateHash: toHex(stateHash) });
    }),
  );
}

/** Whether a transaction is open after the record. */
function isInTransaction(source: RecordSource, lsn: number): boolean {
  const block = source.findBlock(lsn);
  if (block < 0) return false;
  const batch = new RecordBatch();
  unwrap(source.readBlock(block, batch));
  let isOpen = batch.openTransactionLsn > 0;
  for (let row = 0; row <= batch.rowOf(lsn); row++) {
    const kind = batch.kind[row]!;
    if (kind === RecordKind.TransactionBegin) isOpen = true;
    else if (kind === RecordKind.TransactionCommit || kind === RecordKind.TransactionAbort) isOpen = false;
  }
  return isOpen;
}
