import { Prng } from "../../base/prng.ts";
import { ok, unwrap } from "../../base/result.ts";
import { ElementType, Kernel, KernelFunction } from "../../device/kernel-batch.ts";
import type { Session } from "../session.ts";
import type { SessionDevice, SessionJob } from "../session-device.ts";
import { mark } from "./demo-mark.ts";

/**
 * Layers of a network on a device: a batch goes over in unified memory, kernels run, results come back as derived deltas. Activations come and go with each
 * step, a cache keeps the last few results, and every few steps a snapshot of the weights is made that nobody ever frees: device memory grows, and the
 * recording says which pages it is.
 */
export const TENSOR_STEPS = 120;

const WIDTH = 32;
const ROWS = 16;
const LAYERS = 3;
const F32 = 4;
const CACHED = 12;
const SNAPSHOT_EVERY = 8;
const MOVE_EVERY = 20;
const MARK_EVERY = 40;
const RATE = 0.01;
const DATA_SEED = 0x7e50;

interface Layer {
  /** Weights before and after a step change places. */
  weights: readonly [bigint, bigint];
  readonly gradient: bigint;
}

export function tensors(session: Session, seed: number): (session: Session, step: number) => void {
  const prng = new Prng(seed ^ DATA_SEED);
  const device = session.device!;
  const make = (type: string, elements: number, location: "gpu" | "unified" = "gpu") =>
    unwrap(session.createPage({ type, sizeBytes: elements * F32, location }, { source: "tensors" }));
  const layers = Array.from({ length: LAYERS }, (): Layer => {
    const weights = [make("tensor.weights", WIDTH * WIDTH), make("tensor.weights", WIDTH * WIDTH)] as const;
    unwrap(session.write(weights[0], 0, noise(prng, WIDTH * WIDTH), { source: "tensors.init" }));
    return { weights, gradient: make("tensor.gradient", WIDTH * WIDTH) };
  });
  const batch = make("tensor.batch", ROWS * WIDTH, "unified");
  const loss = make("tensor.loss", 1);
  const cache: bigint[] = [];
  unwrap(device.recordEvents());

  return (_session, step) => {
    unwrap(session.write(batch, 0, noise(prng, ROWS * WIDTH), { source: "tensors.load" }));
    unwrap(device.prefetch(batch, true));
    const activations = Array.from({ length: 2 * LAYERS }, () => make("tensor.activation", ROWS * WIDTH));
    const last = forward(device, layers, batch, activations, session.lastLsn);
    run(device, [{ ...F32_SUM, out: loss, a: last, count: ROWS * WIDTH }], "tensors.loss", session.lastLsn);
    backward(device, layers, session.lastLsn);
    for (const page of activations) unwrap(session.destroyPage(page, { source: "tensors" }));

    cache.push(make("tensor.cache", 100 + prng.below(1700)));
    if (cache.length > CACHED) unwrap(session.destroyPage(cache.splice(prng.below(4), 1)[0]!));
    if (step % SNAPSHOT_EVERY === 0) {
      // Twice as large as needed, as a careless program would.
      const snapshot = make("tensor.snapshot", 2 * WIDTH * WIDTH);
      const a = layers[0]!.weights[0];
      const copy = { kernel: Kernel.Copy, type: ElementType.F32, out: snapshot, a, count: WIDTH * WIDTH };
      run(device, [copy], "tensors.snapshot", session.lastLsn);
    }
    if (step % MOVE_EVERY === 0) {
      unwrap(session.migratePage(batch, "gpu"));
      unwrap(session.migratePage(batch, "unified"));
      unwrap(device.prefetch(batch, false));
    }
    unwrap(session.transaction(() => ok()));
    unwrap(device.recordEvents());
    if (step % MARK_EVERY === 0) mark(session, `step ${step}`, session.lastLsn);
  };
}

const F32_SUM = { kernel: Kernel.Sum, type: ElementType.F32 } as const;

/** Each layer: a product, then its positive part. Returns the page of the last result. */
function forward(
  device: SessionDevice,
  layers: readonly Layer[],
  batch: bigint,
  activations: readonly bigint[],
  cause: number,
): bigint {
  let input = batch;
  for (const [at, { weights }] of layers.entries()) {
    const product = activations[2 * at]!;
    const out = activations[2 * at + 1]!;
    const shape = { count: ROWS, inner: WIDTH, columns: WIDTH };
    const matmul = { kernel: Kernel.Matmul, type: ElementType.F32, out: product, a: input, b: weights[0] };
    run(device, [{ ...matmul, ...shape }], "tensors.forward", cause);
    const relu = { kernel: Kernel.Map, function: KernelFunction.Relu, type: ElementType.F32 };
    run(device, [{ ...relu, out, a: product, count: ROWS * WIDTH }], "tensors.forward", cause);
    input = out;
  }
  return input;
}

/** Weights decay towards zero: the layers are independent, so each half is one launch. */
function backward(device: SessionDevice, layers: Layer[], cause: number): void {
  const count = WIDTH * WIDTH;
  const scale = { kernel: Kernel.Map, function: KernelFunction.Affine, type: ElementType.F32, scale: RATE };
  const gradients = layers.map(({ weights, gradient }) => ({
    ...scale,
    out: gradient,
    a: weights[0],
    count,
  }));
  run(device, gradients, "tensors.backward", cause);
  const subtract = { kernel: Kernel.Zip, function: KernelFunction.Subtract, type: ElementType.F32 };
  const updates = layers.map(({ weights: [now, next], gradient }) => ({
    ...subtract,
    out: next,
    a: now,
    b: gradient,
    count,
  }));
  run(device, updates, "tensors.update", cause);
  for (const layer of layers) layer.weights = [layer.weights[1], layer.weights[0]];
}

function run(device: SessionDevice, jobs: readonly SessionJob[], source: string, cause: number): void {
  unwrap(device.run(jobs, source, cause));
}

/** f32 numbers between -1 and 1. */
function noise(prng: Prng, elements: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(elements * F32));
  for (let i = 0; i < elements; i++) view.setFloat32(i * F32, prng.float() * 2 - 1, true);
  return new Uint8Array(view.buffer);
}
