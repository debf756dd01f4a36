import * as preact from "@preact/signals-core";
import * as vue from "@vue/reactivity";
import * as alien from "alien-signals";
import * as mobx from "mobx";
import * as solid from "solid-js/dist/solid.js";
import { MASK, type Shape, sinksOf } from "./graph-shapes.ts";

/** A graph built with a library. */
export interface Built {
  /** Writes a value to the shape's written sources, in one batch, and brings everything up to date. */
  round(value: number): void;
  read(node: number): number;
  /** Computations since the last call. */
  recomputes(): number;
  dispose(): void;
}

/** `observed`: an effect a sink keeps the graph alive, as an interface would; `read`: nothing does, a round reads every sink. */
export type Mode = "observed" | "read";

export interface Library {
  readonly name: string;
  readonly modes: readonly Mode[];
  build(shape: Shape, mode: Mode): Built;
}

type Getter = () => number;
type Setter = (value: number) => void;

interface Primitives {
  signal(): readonly [Getter, Setter];
  computed(compute: Getter): Getter;
  effect(run: () => void): () => void;
  batch(run: () => void): void;
}

function build(make: Primitives, shape: Shape, mode: Mode): Built {
  const { nodes, sources, start, inputs } = shape;
  const getters: Getter[] = [];
  const setters: Setter[] = [];
  let count = 0;
  const next = (sum: number) => {
    count++;
    return sum & MASK;
  };
  for (let source = 0; source < sources; source++) {
    const [get, set] = make.signal();
    getters.push(get);
    setters.push(set);
  }
  for (let node = sources; node < nodes; node++) {
    const from = start[node]!;
    const fanIn = start[node + 1]! - from;
    // Straight-line code for one to three inputs: what a person would write.
    const a = getters[inputs[from]!]!;
    const b = getters[inputs[from + 1]!]!;
    const c = getters[inputs[from + 2]!]!;
    const d = getters[inputs[from + 3]!]!;
    getters.push(
      make.computed(
        fanIn === 1
          ? () => next(a() + 1)
          : fanIn === 2
            ? () => next(a() + b() + 1)
            : fanIn === 3
              ? () => next(a() + b() + c() + 1)
              : () => next(a() + b() + c() + d() + 1),
      ),
    );
  }
  const sinks = sinksOf(shape);
  const stops = mode === "observed" ? sinks.map((sink) => make.effect(() => void getters[sink]!())) : [];
  return {
    round(value) {
      make.batch(() => {
        for (const source of shape.written) setters[source]!(value);
      });
      if (mode === "read") for (const sink of sinks) getters[sink]!();
    },
    read: (node) => getters[node]!(),
    recomputes() {
      const done = count;
      count = 0;
      return done;
    },
    dispose() {
      for (const stop of stops) stop();
    },
  };
}

/** Vue leaves batching to whoever schedules its effects. */
const vueQueue = new Set<() => void>();

const libraries: Readonly<Record<string, { readonly make: Primitives; readonly modes: readonly Mode[] }>> = {
  "alien-signals": {
    modes: ["observed", "read"],
    make: {
      signal() {
        const cell = alien.signal(0);
        return [cell, cell];
      },
      computed: (compute) => alien.computed(compute),
      effect: (run) => alien.effect(run),
      batch(run) {
        alien.startBatch();
        run();
        alien.endBatch();
      },
    },
  },
  "@preact/signals-core": {
    modes: ["observed", "read"],
    make: {
      signal() {
        const cell = preact.signal(0);
        return [
          () => cell.value,
          (value) => {
            cell.value = value;
          },
        ];
      },
      computed(compute) {
        const cell = preact.computed(compute);
        return () => cell.value;
      },
      effect: (run) => preact.effect(() => run()),
      batch: (run) => preact.batch(run),
    },
  },
  mobx: {
    // Without an observer its computed values are computed at every read: exponential here.
    modes: ["observed"],
    make: {
      signal() {
        const cell = mobx.observable.box(0);
        return [() => cell.get(), (value) => cell.set(value)];
      },
      computed(compute) {
        const cell = mobx.computed(compute);
        return () => cell.get();
      },
      effect: (run) => mobx.autorun(run),
      batch: (run) => mobx.runInAction(run),
    },
  },
  "solid-js": {
    // Its memos are computed at once; nothing has to observe them.
    modes: ["read"],
    make: {
      signal() {
        const [get, set] = solid.createSignal(0);
        return [get, (value) => void set(value)];
      },
      computed: (compute) => solid.createMemo(compute),
      effect: () => () => undefined,
      batch: (run) => solid.batch(run),
    },
  },
  "@vue/reactivity": {
    modes: ["observed", "read"],
    make: {
      signal() {
        const cell = vue.shallowRef(0);
        return [
          () => cell.value,
          (value) => {
            cell.value = value;
          },
        ];
      },
      computed(compute) {
        const cell = vue.computed(compute);
        return () => cell.value;
      },
      effect(run) {
        const runner = vue.effect(run, { scheduler: () => vueQueue.add(runner) });
        return () => vue.stop(runner);
      },
      batch(run) {
        run();
        for (const runner of vueQueue) runner();
        vueQueue.clear();
      },
    },
  },
};

export const LIBRARIES: readonly Library[] = Object.entries(libraries).map(([name, { make, modes }]) => ({
  name,
  modes,
  build(shape, mode) {
    if (name !== "solid-js") return build(make, shape, mode);
    let built: Built | undefined;
    const dispose = solid.createRoot((end) => {
      built = build(make, shape, mode);
      return end;
    });
    return { ...built!, dispose };
  },
}));
