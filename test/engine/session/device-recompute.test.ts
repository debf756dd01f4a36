import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Prng } from "../../../engine/base/prng.ts";
import { ok, type Result, unwrap } from "../../../engine/base/result.ts";
import { CpuBackend, type CpuBackendOptions } from "../../../engine/device/cpu-backend.ts";
import type { MmsbEvent } from "../../../engine/events/event-types.ts";
import type { KernelSpec } from "../../../engine/graph/kernels/kernel-spec.ts";
import { LogReader } from "../../../engine/log/log-reader.ts";
import { replayAll } from "../../../engine/replay/replay-all.ts";
import { mmsbStart } from "../../../engine/session/mmsb.ts";
import { replayEvents } from "../../../engine/session/replay-events.ts";
import type { Session } from "../../../engine/session/session.ts";

const folder = mkdtempSync(path.join(tmpdir(), "mmsb-device-recompute-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const ELEMENTS = 200;

function numbers(random: Prng): Uint8Array {
  const values = Float32Array.from({ length: ELEMENTS }, () => random.normal());
  return new Uint8Array(values.buffer);
}

/** Sources, what is computed from them, and from that again; one page of it lives in host memory, one is computed by a function. */
function build(session: Session, location: "gpu" | "cpu", random: Prng): bigint[] {
  const page = (where: "gpu" | "unified" | "cpu", sizeBytes = ELEMENTS * 4) =>
    unwrap(session.createPage({ sizeBytes, location: location === "cpu" ? "cpu" : where }));
  const sources = [page("gpu"), page("unified"), page("gpu")];
  for (const id of sources) unwrap(session.write(id, 0, numbers(random)));
  const computed = (kernel: KernelSpec, inputs: readonly bigint[], out: bigint) => {
    unwrap(session.registerRecompute(out, { kernel }, { inputs }));
    return out;
  };
  const element = "f32";
  const sum = computed({ kind: "sum", element }, sources, page("gpu"));
  const scaled = computed(
    { kind: "map", element, operation: "affine", scale: 0.1, offset: 3 },
    [sum],
    page("unified"),
  );
  const home = computed({ kind: "zip", element, operation: "multiply" }, [sum, scaled], page("cpu"));
  const plain = page("gpu");
  unwrap(session.registerRecompute(plain, (ctx) => ctx.setF32(0, ctx.f32(0, 0) + 1), { inputs: [scaled] }));
  const running = computed({ kind: "scan", element }, [scaled], page("gpu"));
  const joined = computed({ kind: "zip", element, operation: "add" }, [running, plain], page("gpu"));
  computed({ kind: "sum", element, over: "elements" }, [joined], page("gpu", 64));
  computed({ kind: "max", element, over: "elements" }, [home], page("gpu", 64));
  computed({ kind: "histogram", element, low: -40, high: 40 }, [running], page("unified", 64));
  return sources;
}

interface Ran {
  readonly file: string;
  readonly stateHash: string;
  readonly session: Session;
  /** Resident pages' bytes on the device are those of the host images. */
  readonly isInStep: boolean;
  readonly residences: ReadonlySet<string>;
}

async function run(options: CpuBackendOptions | undefined, steps = 12): Promise<Ran> {
  const file = path.join(folder, `${files++}.tlog`);
  const device = options === undefined ? undefined : new CpuBackend(options);
  const session = unwrap(
    await mmsbStart({ path: file, minDeviceKernelBytes: 0, ...(device === undefined ? {} : { device }) }),
  );
  const random = new Prng(5);
  const sources = build(session, device === undefined ? "cpu" : "gpu", random);
  for (let step = 0; step < steps; step++) {
    const written = session.transaction((): Result<unknown> => {
      const id = sources[random.below(3)]!;
      unwrap(
        session.write(id, 4 * random.below(40), numbers(random).subarray(0, 4 * (1 + random.below(80)))),
      );
      // now and then what was written is taken back, and the wave with it
      return step % 5 === 3 ? session.write(id, 1 << 20, Uint8Array.of(1)) : ok();
    });
    expect(written.ok).toBe(step % 5 !== 3);
  }
  const stateHash = hex(session.stateHash());
  const resident = session.pages().filter(({ id }) => session.device?.residence(id).ok === true);
  const isInStep = resident.every(({ id }) => {
    const copy = session.device!.read(id);
    return !copy.ok || hex(copy.value) === hex(unwrap(session.read(id)).bytes);
  });
  const residences = new Set(resident.map(({ id }) => unwrap(session.device!.residence(id))));
  unwrap(await session.stop());
  return { file, stateHash, session, isInStep, residences };
}

function eventsOf(file: string): MmsbEvent[] {
  const source = unwrap(LogReader.open(file));
  const events = [...replayEvents(source)].map(unwrap);
  expect(hex(unwrap(replayAll(source, { fromStart: true })).stateHash)).toBe(
    hex(unwrap(replayAll(source)).stateHash),
  );
  source.close();
  return events;
}

const deltasOf = (events: readonly MmsbEvent[]) =>
  events
    .filter((event) => event.type === "delta")
    .map(({ pageId, epoch, source }) => `${pageId} ${epoch} ${source}`);

describe("waves over pages of a device", () => {
  it("come to the same bytes, epochs and deltas as without one, and leave nothing behind there", async () => {
    const plain = await run(undefined);
    const onDevice = await run({});
    expect(onDevice.session.device!.kernels.rowsRun).toBeGreaterThan(40);
    expect(onDevice.stateHash).toBe(plain.stateHash);
    expect(onDevice.isInStep).toBe(true);
    const events = eventsOf(onDevice.file);
    expect(deltasOf(events)).toEqual(deltasOf(eventsOf(plain.file)));
    const stop = events.findLast((event) => event.type === "device-stop");
    const held = new Map<bigint, number>();
    for (const event of events) {
      if (event.type !== "allocation") continue;
      const id = event.pageId ?? 0n;
      held.set(id, (held.get(id) ?? 0) + (event.action === "allocate" ? 1 : -1));
    }
    expect(held.get(0n)).toBe(0);
    expect([...held.values()].filter((count) => count > 0)).toHaveLength(
      stop?.type === "device-stop" ? stop.leakedPages : -1,
    );
    // launches name the wave that they ran in
    const waves = new Set(events.filter(({ type }) => type === "wave-start").map(({ lsn }) => lsn));
    const graph = events.filter(
      (event) => event.type === "kernel-launch" && event.kernel.startsWith("graph"),
    );
    expect(graph.length).toBeGreaterThan(20);
    expect(graph.every(({ cause }) => waves.has(cause))).toBe(true);
  });

  it.each([
    // what 16 launches are worth is 512 KiB
    ["joins many large pages there, two spare pages for however many", 65_536, 1],
    ["leaves many small pages to the CPU: a launch each is more than they are worth", 4096, 0],
  ])("%s", async (_, sizeBytes, rowsRun) => {
    const device = new CpuBackend();
    const file = path.join(folder, `${files++}.tlog`);
    const session = unwrap(await mmsbStart({ path: file, device }));
    const random = new Prng(11);
    const inputs = Array.from({ length: 17 }, () =>
      unwrap(session.createPage({ sizeBytes, location: "gpu" })),
    );
    for (const id of inputs) unwrap(session.write(id, 0, numbers(random)));
    const total = unwrap(session.createPage({ sizeBytes, location: "gpu" }));
    unwrap(session.registerRecompute(total, { kernel: { kind: "sum", element: "f32" } }, { inputs }));
    unwrap(session.propagate());
    expect(session.device!.kernels.rowsRun).toBe(rowsRun);
    const wanted = new Float32Array(ELEMENTS);
    for (const id of inputs) {
      const values = new Float32Array(unwrap(session.read(id)).bytes.buffer, 0, ELEMENTS);
      for (let i = 0; i < ELEMENTS; i++) wanted[i]! += values[i]!;
    }
    const sums = new Float32Array(unwrap(session.read(total)).bytes.buffer, 0, ELEMENTS);
    expect(sums).toEqual(wanted);
    expect(unwrap(session.device!.usage()).residentPages).toBe(18);
    unwrap(await session.stop());
    const own = eventsOf(file).filter(
      (event) => event.type === "allocation" && event.action === "allocate" && (event.pageId ?? 0n) === 0n,
    );
    // the result, two that what was joined so far changes places between, and the buffer in which results come home
    expect(own).toHaveLength(rowsRun * 4);
  });

  it("that lose their device anywhere go on in host memory to the same state: one failure is told, no delta is lost", async () => {
    const plain = await run(undefined);
    const expected = deltasOf(eventsOf(plain.file));
    let calls = 0;
    const count = () => {
      calls++;
      return 0;
    };
    await run({ fault: count });
    expect(calls).toBeGreaterThan(200);
    const random = new Prng(9);
    for (let round = 0; round < 40; round++) {
      const at = round === 0 ? 0 : random.below(calls);
      let call = 0;
      const lost = await run({ fault: () => (call++ === at ? 719 : 0) });
      const label = `device lost at call ${at} of ${calls}`;
      expect(lost.stateHash, label).toBe(plain.stateHash);
      const events = eventsOf(lost.file);
      expect(deltasOf(events), label).toEqual(expected);
      const failures = events.filter((event) => event.type === "failure");
      expect(
        failures.map((event) => event.type === "failure" && event.code),
        label,
      ).toEqual(["DEVICE_FAILED"]);
      expect(
        events.some(({ type }) => type === "recompute-failed"),
        label,
      ).toBe(false);
      expect(lost.residences, label).toEqual(new Set(["failed", "host"]));
    }
  }, 120_000);
});
