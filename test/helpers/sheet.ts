import { expect } from "vitest";
import { unwrap } from "../../engine/base/result.ts";
import { DependencyGraph } from "../../engine/graph/dependency-graph.ts";
import { Propagation } from "../../engine/graph/propagation.ts";
import type { RecomputeContext, RecomputeDefinition } from "../../engine/graph/recompute.ts";
import { RecomputeRegistry } from "../../engine/graph/registry.ts";
import type { WaveSink } from "../../engine/graph/wave-sink.ts";
import { PageTable } from "../../engine/pages/page-table.ts";

/** Pages of one f64 and a few bytes more, by number from 0. */
export class Sheet {
  readonly table: PageTable;
  readonly graph: DependencyGraph;
  readonly registry: RecomputeRegistry;
  readonly propagation: Propagation;
  readonly log: string[] = [];

  constructor(pages: number, sizeBytes = 16, isLogged = false) {
    this.table = new PageTable();
    this.graph = new DependencyGraph(this.table);
    this.registry = new RecomputeRegistry(pages, pages);
    this.propagation = new Propagation(this.graph, this.registry, isLogged ? this.#sink() : undefined);
    for (let page = 0; page < pages; page++) {
      unwrap(this.table.create({ sizeBytes }));
      this.graph.enter(page);
    }
  }

  /** Where a session would log: it holds the rows to the pages' bytes. */
  #sink(): WaveSink {
    return {
      begin: () => 1,
      stopped: () => undefined,
      end: ({ rows: { deltas } }) => {
        for (let row = 0; row < deltas.count; row++) {
          const page = this.table.bytes(deltas.slot[row]!);
          let at = deltas.payloadStart[row]!;
          for (let run = deltas.runStart[row]!; run < deltas.runStart[row + 1]!; run++) {
            const offset = deltas.runOffset[run]!;
            const end = offset + deltas.runLength[run]!;
            for (let i = offset; i < end; i++) expect(deltas.payload[at++]).toBe(page[i]);
          }
        }
        return true;
      },
    };
  }

  /** `page` is computed from `inputs`; each run is noted in `log`. */
  derive(
    page: number,
    inputs: readonly number[],
    compute: (ctx: RecomputeContext) => number,
    options = {},
  ): void {
    for (const input of inputs) unwrap(this.graph.addEdge(input, page, "data"));
    this.define(page, {
      ...options,
      run: (ctx) => {
        this.log.push(String(page));
        ctx.setF64(0, compute(ctx));
      },
    });
  }

  define(page: number, definition: RecomputeDefinition | undefined): void {
    this.registry.setPage(page, "", definition);
    this.propagation.markDirty(page);
  }

  write(page: number, value: number): void {
    this.table.bytes(page).set(new Uint8Array(Float64Array.of(value).buffer));
    this.propagation.touch(page);
  }

  value(page: number): number {
    return new Float64Array(this.table.bytes(page).slice(0, 8).buffer)[0]!;
  }

  /** Runs a wave; what ran, in order. */
  wave(options = {}): string {
    this.log.length = 0;
    unwrap(this.propagation.run(options));
    return this.log.join(" ");
  }

  failure(page: number) {
    return this.propagation.failures.errors.get(page);
  }
}

export const sum = (ctx: RecomputeContext) => {
  let total = 0;
  for (let i = 0; i < ctx.inputCount; i++) total += ctx.f64(i, 0);
  return total;
};
