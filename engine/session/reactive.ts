import { MmsbError } from "../base/errors.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { DependencyGraph } from "../graph/dependency-graph.ts";
import { Propagation, type WaveMark, type WaveOptions } from "../graph/propagation.ts";
import type { RecomputeDefinition } from "../graph/recompute.ts";
import { RecomputeRegistry } from "../graph/registry.ts";
import type { WaveCounts, WaveSink } from "../graph/wave-sink.ts";
import { checkPoolOptions, WorkerPool, type WorkerPoolOptions } from "../graph/workers/worker-pool.ts";
import { compareRegistrations, type Registration, type StandingRegistration } from "../log/registration.ts";
import type { PageTable } from "../pages/page-table.ts";
import type { Edge } from "../pages/page-types.ts";
import type { KnownRecompute, RecomputeState, RecomputeTarget } from "./recompute-target.ts";
import { registrationOf } from "./registrations.ts";

const DEFAULT_MAX_PAGES = 2 ** 24;
const FIRST_ROWS = 1024;

/** The session's graph: which pages are computed from which, by what, and the waves that follow a change. */
export class Reactive {
  readonly graph: DependencyGraph;
  readonly registry: RecomputeRegistry;
  readonly propagation: Propagation;
  readonly #table: PageTable;
  /** By target: what was registered. */
  readonly #definitions = new Map<RecomputeTarget, RecomputeDefinition>();
  /** Registrations of the recording that is gone on with whose functions this session does not have. */
  readonly unbound = new Map<RecomputeTarget, Registration>();
  /** Looked at by the wave at a transaction's end. */
  limits: WaveOptions = {};

  constructor(table: PageTable, sink: WaveSink, maxPages = DEFAULT_MAX_PAGES) {
    this.#table = table;
    this.graph = new DependencyGraph(table, { maxNodes: maxPages });
    this.registry = new RecomputeRegistry(FIRST_ROWS, maxPages);
    this.propagation = new Propagation(this.graph, this.registry, sink);
  }

  /** Lets waves use other threads; until {@link close}. Errors: ARGUMENT_INVALID. */
  startWorkers(workers: number | WorkerPoolOptions): Result<void> {
    const options = typeof workers === "number" ? { count: workers } : workers;
    const checked = checkPoolOptions(options);
    if (!checked.ok || (typeof workers === "number" && workers < 2)) return checked;
    this.propagation.workers = new WorkerPool(this.graph, this.registry, options);
    return ok();
  }

  /** Resolves when no thread is left. */
  async close(): Promise<void> {
    await this.propagation.workers?.close();
  }

  /** Some page may be computed: changes are looked at. */
  get isActive(): boolean {
    return this.#definitions.size > 0;
  }

  /** A write to this page may have a wave to follow it. */
  reactsTo(slot: number): boolean {
    return this.isActive && this.graph.isKnown(slot) && this.graph.outgoing.count[slot]! > 0;
  }

  touch(slot: number): void {
    if (this.isActive) this.propagation.touch(slot);
  }

  // ---- structure

  created(slot: number): void {
    if (this.#definitions.size > 0 && this.registry.hasType(this.#table.typeOf(slot))) this.#bind(slot);
  }

  destroyed(slot: number): void {
    const id = this.#table.idOf(slot);
    this.propagation.forget(slot);
    this.#definitions.delete(id);
    this.unbound.delete(id);
  }

  /** Errors: GRAPH_CYCLE, LIMIT_EXCEEDED; nothing has changed then. */
  addEdge({ from, to, type }: Edge): Result<boolean> {
    const target = this.#table.slotOf(to);
    const added = this.graph.addEdge(this.#table.slotOf(from), target, type);
    if (added.ok) this.#inputsChanged(target);
    return added;
  }

  removeEdge({ from, to, type }: Edge): void {
    const target = this.#table.slotOf(to);
    if (this.graph.removeEdge(this.#table.slotOf(from), target, type)) this.#inputsChanged(target);
  }

  #inputsChanged(slot: number): void {
    if (this.isActive && this.registry.recomputeOf(slot) !== undefined) this.propagation.markDirty(slot);
  }

  // ---- recomputes

  definitionOf(target: RecomputeTarget): RecomputeDefinition | undefined {
    return this.#definitions.get(target);
  }

  known(): KnownRecompute[] {
    const bound = [...this.#definitions].map(([target, definition]) => {
      const { name, form } = registrationOf(target, definition);
      return { target, name, form, isBound: true };
    });
    const unbound = [...this.unbound].map(([target, { name, form }]) => ({
      target,
      name,
      form,
      isBound: false,
    }));
    return [...bound, ...unbound];
  }

  /** Every registration that stands, as checkpoints list them. */
  standing(): StandingRegistration[] {
    const all = new Map(this.unbound);
    for (const [target, definition] of this.#definitions) all.set(target, registrationOf(target, definition));
    const listed = [...all].map(([target, registration]) => ({
      pageId: typeof target === "bigint" ? target : 0n,
      registration,
    }));
    return listed.sort(compareRegistrations);
  }

  /** Gives a page or a type its recompute, or takes it away. The target is known, the definition checked. */
  define(target: RecomputeTarget, definition: RecomputeDefinition | undefined): void {
    this.unbound.delete(target);
    if (definition === undefined) this.#definitions.delete(target);
    else this.#definitions.set(target, definition);
    if (typeof target === "bigint") {
      const slot = this.#table.slotOf(target);
      this.graph.enter(slot);
      this.registry.growNodes(this.graph.state.length);
      this.registry.setPage(slot, this.#table.typeOf(slot), definition);
      this.propagation.markDirty(slot);
      return;
    }
    this.registry.setType(target, definition);
    for (const slot of this.#table.slotsInIdOrder()) {
      if (this.#table.typeOf(slot) === target && !this.registry.hasOwn(slot)) this.#bind(slot);
    }
  }

  #bind(slot: number): void {
    this.graph.enter(slot);
    this.registry.growNodes(this.graph.state.length);
    this.registry.bind(slot, this.#table.typeOf(slot));
    this.propagation.markDirty(slot);
  }

  stateOf(slot: number): RecomputeState {
    const recompute = this.registry.recomputeOf(slot);
    if (recompute === undefined) return { state: "none" };
    const { name } = recompute;
    const error = this.propagation.failures.errors.get(slot);
    if (error !== undefined) return { state: "failed", name, error };
    return { state: this.propagation.isStale(slot) ? "stale" : "current", name };
  }

  // ---- waves

  /** The wave that a transaction ends with. */
  finish(): Result<WaveCounts | undefined> {
    return this.propagation.isPending ? this.propagation.run(this.limits) : ok(undefined);
  }

  /** The transaction is over: what has failed or recovered in it stands. */
  settled(): void {
    this.propagation.keep();
  }

  /** A transaction, or its part from a mark on, was taken back: nothing of it is left to follow. */
  tookBack(mark: WaveMark, isPart: boolean): void {
    this.propagation.takeBack(mark, isPart);
  }

  /** Why a change is refused while a recompute runs; undefined where none does. `pageId` is what would change. */
  refuseChange(pageId: bigint | undefined): MmsbError | undefined {
    if (!this.propagation.isRunning) return undefined;
    const running = this.#table.idOf(this.propagation.runningSlot);
    const what = pageId === undefined ? "the session" : `page ${pageId}`;
    const error = new MmsbError(
      "RECOMPUTE_FOREIGN_WRITE",
      `the recompute of page ${running} changes ${what}: it may only write its own page, through its context`,
      "Let another page be computed from this one, or change it after the transaction",
      { pageId: running },
    );
    this.propagation.executor.context.violation = error;
    return error;
  }

  /** Why a read is refused while a recompute runs: the page is no input of it. */
  refuseRead(slot: number): Result<void> {
    const { propagation, graph } = this;
    const own = propagation.runningSlot;
    if (!propagation.isRunning || graph.has(slot, own, "data")) return ok();
    if (slot === own) {
      propagation.executor.context.leaveLoop();
      return ok();
    }
    const running = this.#table.idOf(own);
    const id = this.#table.idOf(slot);
    const refused = fail(
      "RECOMPUTE_UNDECLARED_READ",
      `the recompute of page ${running} reads page ${id}, which is no data input of it`,
      "Add a data edge from that page, or register the recompute with discover: true and read through its context",
      { pageId: running },
    );
    propagation.executor.context.violation = refused.error;
    return refused;
  }
}
