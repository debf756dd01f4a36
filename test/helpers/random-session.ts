import { assert } from "../../engine/base/assert.ts";
import { toHex, utf8Encode } from "../../engine/base/bytes.ts";
import { ManualClock } from "../../engine/base/clock.ts";
import { Prng } from "../../engine/base/prng.ts";
import { fail, ok, type Result, unwrap } from "../../engine/base/result.ts";
import { DeltaBatch } from "../../engine/deltas/delta-batch.ts";
import type { DeviceBackend } from "../../engine/device/device-backend.ts";
import { serializeEvent } from "../../engine/events/event-codec.ts";
import { EVENT_CODE } from "../../engine/events/event-types.ts";
import { idColumnOf } from "../../engine/events/id-column.ts";
import { encodePayload } from "../../engine/events/payload-codec.ts";
import type { KernelElement, KernelSpec } from "../../engine/graph/kernels/kernel-spec.ts";
import { EDGE_TYPES, LOCATIONS, type PageLocation } from "../../engine/pages/page-types.ts";
import { mmsbStart } from "../../engine/session/mmsb.ts";
import type { Session } from "../../engine/session/session.ts";
import type { SessionOptions } from "../../engine/session/session-options.ts";
import { SimulatedDisk } from "../fault/simulated-disk.ts";
import { FUNCTIONS } from "./reactive-rules-worker.ts";

export const RECORDING = "/simulated/x.tlog";
const PAGE_BYTES = [1, 8, 64, 5000];
const LEVELS = ["debug", "info", "warning", "error"] as const;
const MOST_PAGES = 12;
const ELEMENTS: readonly KernelElement[] = ["f32", "f64", "i32", "u32"];
/** Where workers find {@link FUNCTIONS}. */
const FUNCTIONS_MODULE = new URL("./reactive-rules-worker.ts", import.meta.url);

/**
 * Does something to a session, chosen at random: everything that a session can do, failures among it. With `onDevice` its pages move between the places of a device,
 * whether there is one or not, built-in kernels compute some of them, and a device's copies are compared with the host images.
 */
export class RandomSession {
  readonly session: Session;
  readonly #prng: Prng;
  readonly #onDevice: boolean;
  /** For choices that came later: those of pinned seeds stay what they were. */
  readonly #later: Prng;
  #depth = 0;

  constructor(session: Session, prng: Prng, later: Prng, onDevice = false) {
    this.session = session;
    this.#prng = prng;
    this.#onDevice = onDevice;
    this.#later = later;
  }

  /** One step; what is refused is refused as it should be. */
  step(): void {
    const prng = this.#prng;
    const page = this.#page();
    if (page === undefined || (prng.chance(0.1) && this.session.pages().length < MOST_PAGES)) {
      this.#create();
      return;
    }
    prng.pick([
      () => this.#write(page),
      () => this.#write(page),
      () => this.#writeImage(page),
      () => this.#batch(),
      () => this.#property(page),
      () => this.#edge(page),
      () => this.#tell(page),
      () => this.#transaction(),
      () => this.#wave(),
      () => this.#recompute(page),
      () => this.#propagate(page),
      () => this.#checkpoint(),
      () => void (prng.chance(0.3) && this.session.destroyPage(page, this.#why())),
      ...(this.#onDevice
        ? [() => this.#migrate(page), () => this.#look(page), () => this.#kernel(page)]
        : []),
    ])();
  }

  #page(): bigint | undefined {
    const pages = this.session.pages();
    return pages.length === 0 ? undefined : this.#prng.pick(pages).id;
  }

  #why(): { source: string; cause: number } {
    const cause = this.#prng.chance(0.5) ? 0 : this.#prng.below(this.session.lastLsn + 1);
    return { source: this.#prng.pick(["", "a", "main", "graph.sum"]), cause };
  }

  #bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.#prng.fill(bytes);
    return bytes;
  }

  #create(): void {
    const prng = this.#prng;
    const sizeBytes = prng.pick(PAGE_BYTES);
    unwrap(
      this.session.createPage(
        {
          sizeBytes,
          type: prng.pick(["", "bytes", "life.tile"]),
          location: prng.pick(LOCATIONS),
          ...(prng.chance(0.5) ? { bytes: this.#bytes(sizeBytes) } : {}),
          ...(prng.chance(0.3) ? { metadata: new Map([["k", this.#bytes(3)]]) } : {}),
        },
        this.#why(),
      ),
    );
  }

  #write(page: bigint): void {
    const prng = this.#prng;
    const { sizeBytes } = unwrap(this.session.describe(page));
    const offset = prng.below(sizeBytes);
    const bytes = this.#bytes(prng.below(Math.min(sizeBytes - offset, 40) + 1));
    const options = {
      ...this.#why(),
      derived: prng.chance(0.2),
      ...(prng.chance(0.2) ? { metadata: [1] } : {}),
    };
    if (prng.chance(0.5)) unwrap(this.session.write(page, offset, bytes, options));
    else {
      const ranges = [
        { offset, bytes },
        { offset: 0, bytes: this.#bytes(1) },
      ];
      unwrap(this.session.writeRanges(page, ranges, options));
    }
  }

  #writeImage(page: bigint): void {
    const { bytes } = unwrap(this.session.read(page));
    const changes = this.#prng.below(4);
    for (let i = 0; i < changes; i++) bytes[this.#prng.below(bytes.length)] = this.#prng.u32();
    unwrap(this.session.writeImage(page, bytes, this.#why()));
  }

  #batch(): void {
    const prng = this.#prng;
    const batch = new DeltaBatch();
    const rows = prng.below(6);
    for (let row = 0; row < rows; row++) {
      const page = unwrap(this.session.describe(this.#page()!));
      const offset = prng.below(page.sizeBytes);
      const bytes = this.#bytes(1);
      const slot = unwrap(this.session.slotOf(page.id));
      batch.pushRange(slot, 0, 0, offset, bytes, 0, 1, prng.below(2), 0);
    }
    unwrap(this.session.writeBatch(batch, ["batch", "other"]));
  }

  #property(page: bigint): void {
    const prng = this.#prng;
    const why = this.#why();
    prng.pick([
      () => unwrap(this.session.migratePage(page, prng.pick(LOCATIONS), why)),
      () => unwrap(this.session.setMetadata(page, new Map([["x", this.#bytes(prng.below(4))]]), why)),
      () =>
        unwrap(
          this.session.setSchema(page, { fields: [{ name: "f", type: "u8", offset: 0, shape: [] }] }, why),
        ),
      () => unwrap(this.session.setSchema(page, undefined, why)),
    ])();
  }

  #migrate(page: bigint, locations: readonly PageLocation[] = LOCATIONS): void {
    unwrap(this.session.migratePage(page, this.#prng.pick(locations), this.#why()));
  }

  /** Brings a device up to date now and not later, or looks at its copy of a page. */
  #look(page: bigint): void {
    if (this.#prng.chance(0.3)) this.session.device?.flush();
    else assertInStep(this.session, page);
  }

  #edge(from: bigint): void {
    const edges = this.session.edges();
    if (edges.length > 0 && this.#prng.chance(0.4)) {
      unwrap(this.session.removeEdge(this.#prng.pick(edges), this.#why()));
    } else {
      const edge = { from, to: this.#page()!, type: this.#prng.pick(EDGE_TYPES) };
      // Where an edge would close a circle it may be refused; the rest goes on.
      this.session.addEdge(edge, this.#why());
    }
  }

  #tell(pageId: bigint): void {
    const prng = this.#prng;
    const options = { ...this.#why(), ...(prng.chance(0.5) ? { pageId } : {}) };
    const text = prng.pick(["", "one", "zwölf \u{1f600}", "\ud800", "x".repeat(20_000)]);
    const data = prng.pick([undefined, null, 1.5, { a: [1, "b"] }]);
    prng.pick([
      () => unwrap(this.session.mark(text, data, options)),
      () =>
        unwrap(
          this.session.log(prng.pick(LEVELS), text, data === undefined ? options : { ...options, data }),
        ),
      // Any type with any bytes: one of MMSB's own that is malformed, one of a later version, one of a program.
      () =>
        unwrap(
          this.session.event(prng.pick([1, 2, 3, 4, 5, 63, 65_536]), this.#bytes(prng.below(9)), options),
        ),
      () => unwrap(this.session.event(EVENT_CODE.log, Uint8Array.of(9, 1, 2), options)),
    ])();
  }

  /**
   * Pages computed from others: sums that fail at some values (so that what depends on them is blocked), and that often come out as they were (so that
   * waves are cut off).
   */
  #recompute(page: bigint): void {
    const prng = this.#prng;
    if (prng.chance(0.2)) {
      unwrap(this.session.recomputes.unregister(page, this.#why()));
      return;
    }
    const fixed = prng.pick(["failingAt3", "failingAt7", "neverFailing"] as const);
    const discover = this.#later.chance(0.3);
    const name = discover ? "seekingBytes" : fixed;
    const inputs = [this.#page()!, this.#page()!].filter((id) => id !== page);
    const lazy = prng.chance(0.2);
    // Where its inputs would close a circle it is refused.
    const sum = { run: FUNCTIONS[name], name: "sum", lazy, discover, module: FUNCTIONS_MODULE, export: name };
    const made = this.session.registerRecompute(page, sum, { ...this.#why(), inputs });
    if (!made.ok && made.error.code !== "GRAPH_CYCLE") unwrap(made);
  }

  /** A built-in kernel, mostly of pages on the device; where an input is too short for it the page fails. */
  #kernel(page: bigint): void {
    const prng = this.#prng;
    const element = prng.pick(ELEMENTS);
    const kernel = prng.pick<KernelSpec>([
      { kind: prng.pick(["sum", "min", "max"]), element, over: prng.pick(["inputs", "elements"]) },
      { kind: "map", element, operation: prng.pick(["affine", "negate", "sqrt"]), scale: 0.5, offset: 1 },
      { kind: "zip", element, operation: prng.pick(["add", "divide", "min"]) },
      { kind: "scan", element },
      { kind: "histogram", element, low: -100, high: 100 },
      { kind: "copy" },
    ]);
    const inputs = Array.from({ length: prng.between(1, 3) }, () => this.#page()!);
    const others = [...new Set(inputs)].filter((id) => id !== page);
    if (prng.chance(0.8)) for (const id of [page, ...others]) this.#migrate(id, ["gpu", "unified"]);
    const made = this.session.registerRecompute(page, { kernel }, { ...this.#why(), inputs: others });
    if (!made.ok && made.error.code !== "GRAPH_CYCLE") unwrap(made);
  }

  #propagate(page: bigint): void {
    const limits = this.#prng.chance(0.3) ? { budget: 1 } : {};
    const run = this.session.propagate(this.#prng.chance(0.5) ? page : undefined, limits);
    if (!run.ok && run.error.code !== "WAVE_BUDGET") unwrap(run);
    this.session.read(page);
  }

  #checkpoint(): void {
    const written = this.session.checkpoint(this.#prng.pick(["full", "dirty"]));
    if (!written.ok && written.error.code !== "TRANSACTION_STATE") unwrap(written);
  }

  #transaction(): void {
    if (this.#depth >= 3) return;
    const prng = this.#prng;
    const fate = prng.pick(["fine", "fine", "refused", "thrown"]);
    this.#depth++;
    try {
      this.session.transaction((): Result<void> => {
        for (let n = prng.below(6); n > 0; n--) this.step();
        if (fate === "thrown") throw new TypeError("thrown on purpose");
        return fate === "fine" ? ok() : fail("CANCELLED", "on purpose", "Nothing to do");
      });
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    } finally {
      this.#depth--;
    }
  }

  /** A wave as the graph writes it, without one: its members, pages cut off and blocked. */
  #wave(): void {
    const prng = this.#prng;
    unwrap(
      this.session.transaction(() => {
        const start = encodePayload("wave-start", { trigger: "transaction", roots: prng.below(3) });
        const cause = unwrap(this.session.event(EVENT_CODE["wave-start"], start));
        const members = prng.below(3);
        for (let n = members; n > 0; n--) {
          unwrap(
            this.session.write(this.#page()!, 0, this.#bytes(1), { cause, derived: true, source: "graph" }),
          );
        }
        const cutOff = Array.from({ length: prng.below(3) }, () => this.#page()!);
        const blocked = Array.from({ length: prng.below(2) }, () => prng.pick([7n, 2n ** 64n - 1n]));
        const levels = {
          count: 1,
          level: Uint32Array.of(prng.below(5)),
          members: Uint32Array.of(members),
          cutOff: Uint32Array.of(cutOff.length),
          blocked: Uint32Array.of(blocked.length),
        };
        const end = encodePayload("wave-end", {
          outcome: "complete",
          levels,
          cutOff: idColumnOf(cutOff),
          blocked: idColumnOf(blocked),
        });
        unwrap(this.session.event(EVENT_CODE["wave-end"], end, { cause }));
        // What looks like a member behind the wave's end is none.
        return this.session.write(this.#page()!, 0, utf8Encode("x"), { cause, derived: true });
      }),
    );
  }
}

export interface Told {
  /** Holds the recording at {@link RECORDING}. */
  readonly disk: SimulatedDisk;
  /** Every event that the firehose handed out, as bytes. */
  readonly live: string[];
  readonly stateHash: string;
  readonly structureHash: string;
  readonly edges: readonly unknown[];
}

/** A resident page's bytes on the device are those of its host image. Computes a page that is lazy, with a device or without. */
function assertInStep(session: Session, page: bigint): void {
  const { bytes } = unwrap(session.read(page));
  if (session.device === undefined || unwrap(session.device.residence(page)) !== "resident") return;
  const copy = session.device.read(page);
  assert(!copy.ok || toHex(copy.value) === toHex(bytes), "the device's copy is the page");
}

/** A session's pages live where they say, and some are computed by built-in kernels. */
export interface OnDevice {
  /** The device of each life; none = host memory, whatever the pages say. */
  readonly device?: () => DeviceBackend;
  /** Hears of the rows that a device has computed in each life. */
  readonly onRows?: (rows: number) => void;
}

/** A random session with a firehose from its first record on; in some of them handlers answer by writing. */
export async function randomSession(
  seed: number,
  options: Partial<SessionOptions> = {},
  onDevice?: OnDevice,
): Promise<Told> {
  const prng = new Prng(seed);
  const later = new Prng(seed ^ 0xd15c);
  const disk = new SimulatedDisk(seed);
  const live: string[] = [];
  const trouble: string[] = [];
  const lives = prng.between(1, 3);
  let told: Omit<Told, "disk" | "live"> | undefined;
  for (let life = 0; life < lives; life++) {
    const session = unwrap(
      await mmsbStart({
        path: RECORDING,
        reopen: life > 0,
        uuid: new Uint8Array(16).fill(9),
        clock: new ManualClock(1_000n + BigInt(live.length) * 1_000_000n, 7n),
        durability: "none",
        fileSystem: disk,
        lock: disk.lock,
        ...options,
        ...(onDevice?.device === undefined ? {} : { device: onDevice.device(), minDeviceKernelBytes: 0 }),
        ...(prng.chance(0.3) ? { rotateBytes: 20_000 } : {}),
        events: {
          onEvent: (event) => void live.push(toHex(serializeEvent(event))),
          onTrouble: (error) => void trouble.push(error.describe()),
        },
      }),
    );
    const random = new RandomSession(session, prng, later, onDevice !== undefined);
    if (prng.chance(0.4)) {
      let answers = 0;
      unwrap(
        session.on(["delta", "page-create", "wave-end"], () => {
          if (answers++ < 10) random.step();
        }),
      );
    }
    for (let step = prng.between(5, 40); step > 0; step--) random.step();
    if (onDevice !== undefined) for (const { id } of session.pages()) assertInStep(session, id);
    onDevice?.onRows?.(session.device?.kernels.rowsRun ?? 0);
    const hashes = { stateHash: toHex(session.stateHash()), structureHash: toHex(session.structureHash()) };
    told = { ...hashes, edges: session.edges() };
    unwrap(await session.stop());
  }
  assert(trouble.length === 0, trouble.join());
  return { disk, live, ...told! };
}
