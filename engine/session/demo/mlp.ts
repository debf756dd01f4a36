import { Prng } from "../../base/prng.ts";
import { ok, unwrap } from "../../base/result.ts";
import type { SchemaField } from "../../pages/page-types.ts";
import type { Session } from "../session.ts";
import { mark } from "./demo-mark.ts";
import { sigmoid, tanh } from "./portable-math.ts";

/**
 * A perceptron with one hidden layer learns whether a point lies inside a ring, by gradient descent on the squared error. Everything it
 * computes with is a page of f32: samples, weights, activations, gradients, loss. A training step is one transaction whose deltas follow
 * the data: forward, loss, backward, update, each caused by the one that it was computed from.
 */
export const MLP_STEPS = 300;

const INPUTS = 2;
const HIDDEN = 16;
const SAMPLES = 256;
const BATCH = 32;
const RATE = 2;
const MARK_EVERY = 100;
const DATA_SEED = 0x3149;

/** The page of each tensor: its type, and its shape. */
const TENSORS = {
  samples: ["mlp.data", [SAMPLES, INPUTS]],
  labels: ["mlp.data", [SAMPLES]],
  weights1: ["mlp.weights", [INPUTS, HIDDEN]],
  bias1: ["mlp.weights", [HIDDEN]],
  weights2: ["mlp.weights", [HIDDEN]],
  bias2: ["mlp.weights", [1]],
  hidden: ["mlp.activation", [BATCH, HIDDEN]],
  output: ["mlp.activation", [BATCH]],
  weights1Gradient: ["mlp.gradient", [INPUTS, HIDDEN]],
  bias1Gradient: ["mlp.gradient", [HIDDEN]],
  weights2Gradient: ["mlp.gradient", [HIDDEN]],
  bias2Gradient: ["mlp.gradient", [1]],
  loss: ["mlp.loss", [1]],
} as const satisfies Record<string, readonly [string, readonly number[]]>;
type Name = keyof typeof TENSORS;

const WEIGHTS = ["weights1", "bias1", "weights2", "bias2"] as const satisfies readonly Name[];
const GRADIENT_OF = {
  weights1: "weights1Gradient",
  bias1: "bias1Gradient",
  weights2: "weights2Gradient",
  bias2: "bias2Gradient",
} as const;

/** What each tensor is computed from. */
const DEPENDENCIES: readonly (readonly [Name, readonly Name[]])[] = [
  ["hidden", ["samples", "weights1", "bias1"]],
  ["output", ["hidden", "weights2", "bias2"]],
  ["loss", ["output", "labels"]],
  ["weights2Gradient", ["output", "labels", "hidden"]],
  ["bias2Gradient", ["output", "labels"]],
  ["weights1Gradient", ["output", "labels", "hidden", "weights2", "samples"]],
  ["bias1Gradient", ["output", "labels", "hidden", "weights2"]],
];

type Tensors = Record<Name, Float32Array>;

export function mlp(session: Session, seed: number): (session: Session, step: number) => void {
  const tensors = Object.fromEntries(
    Object.entries(TENSORS).map(([name, [, shape]]) => [name, new Float32Array(elements(shape))]),
  ) as Tensors;
  fillData(tensors, new Prng(seed ^ DATA_SEED));
  const ids = createPages(session, tensors);

  const write = (name: Name, source: string, cause: number) =>
    unwrap(session.writeImage(ids[name], littleEndian(tensors[name]), { source, cause, derived: true }));

  return (_session, step) => {
    const first = ((step - 1) * BATCH) % SAMPLES;
    unwrap(
      session.transaction((beginLsn) => {
        forward(tensors, first);
        const hiddenLsn = write("hidden", "mlp.forward", beginLsn) || beginLsn;
        const outputLsn = write("output", "mlp.forward", hiddenLsn) || hiddenLsn;
        tensors.loss[0] = meanLoss(tensors, first);
        write("loss", "mlp.loss", outputLsn);
        backward(tensors, first);
        for (const name of WEIGHTS) {
          const gradient = GRADIENT_OF[name];
          const gradientLsn = write(gradient, "mlp.backward", outputLsn) || outputLsn;
          for (const [i, slope] of tensors[gradient].entries()) tensors[name][i]! -= RATE * slope;
          write(name, "mlp.update", gradientLsn);
        }
        return ok();
      }),
    );
    if (step % MARK_EVERY === 0)
      mark(session, `step ${step}: loss ${tensors.loss[0]!.toFixed(4)}`, session.lastLsn);
  };
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}

/** Points in a square, those of a ring around its middle labelled 1; small weights, roughly normal (Irwin and Hall, 1927). */
function fillData({ samples, labels, weights1, weights2 }: Tensors, prng: Prng): void {
  for (let i = 0; i < SAMPLES; i++) {
    const x = prng.float() * 2 - 1;
    const y = prng.float() * 2 - 1;
    samples[i * INPUTS] = x;
    samples[i * INPUTS + 1] = y;
    const radius = Math.sqrt(x * x + y * y);
    labels[i] = radius > 0.35 && radius < 0.85 ? 1 : 0;
  }
  for (const weights of [weights1, weights2]) {
    for (let i = 0; i < weights.length; i++) {
      let sum = -6;
      for (let n = 0; n < 12; n++) sum += prng.float();
      weights[i] = sum;
    }
  }
}

function createPages(session: Session, tensors: Tensors): Record<Name, bigint> {
  return unwrap(
    session.transaction(() => {
      const ids = {} as Record<Name, bigint>;
      for (const [key, [type, shape]] of Object.entries(TENSORS)) {
        const name = key as Name;
        const field: SchemaField = { name, type: "f32", offset: 0, shape };
        const isGiven = type === "mlp.data" || type === "mlp.weights";
        ids[name] = unwrap(
          session.createPage(
            {
              type,
              sizeBytes: tensors[name].byteLength,
              schema: { fields: [field] },
              ...(isGiven ? { bytes: littleEndian(tensors[name]) } : {}),
            },
            { source: "mlp.init" },
          ),
        );
      }
      for (const [to, sources] of DEPENDENCIES) {
        for (const from of sources) unwrap(session.addEdge({ from: ids[from], to: ids[to], type: "data" }));
      }
      return ok(ids);
    }),
  );
}

function forward(
  { samples, weights1, bias1, weights2, bias2, hidden, output }: Tensors,
  first: number,
): void {
  for (let b = 0; b < BATCH; b++) {
    let sum = bias2[0]!;
    for (let h = 0; h < HIDDEN; h++) {
      let input = bias1[h]!;
      for (let i = 0; i < INPUTS; i++)
        input += samples[(first + b) * INPUTS + i]! * weights1[i * HIDDEN + h]!;
      const activation = tanh(input);
      hidden[b * HIDDEN + h] = activation;
      sum += activation * weights2[h]!;
    }
    output[b] = sigmoid(sum);
  }
}

function meanLoss({ output, labels }: Tensors, first: number): number {
  let sum = 0;
  for (let b = 0; b < BATCH; b++) {
    const difference = output[b]! - labels[first + b]!;
    sum += difference * difference;
  }
  return sum / BATCH;
}

/** The slopes of the mean squared error: sigmoid' = sigmoid (1 - sigmoid), tanh' = 1 - tanh². */
function backward(tensors: Tensors, first: number): void {
  const { samples, labels, weights2, hidden, output } = tensors;
  const { weights1Gradient, bias1Gradient, weights2Gradient, bias2Gradient } = tensors;
  for (const gradient of [weights1Gradient, bias1Gradient, weights2Gradient, bias2Gradient]) gradient.fill(0);
  for (let b = 0; b < BATCH; b++) {
    const y = output[b]!;
    const outputSlope = (2 * (y - labels[first + b]!) * y * (1 - y)) / BATCH;
    bias2Gradient[0]! += outputSlope;
    for (let h = 0; h < HIDDEN; h++) {
      const activation = hidden[b * HIDDEN + h]!;
      weights2Gradient[h]! += outputSlope * activation;
      const hiddenSlope = outputSlope * weights2[h]! * (1 - activation * activation);
      bias1Gradient[h]! += hiddenSlope;
      for (let i = 0; i < INPUTS; i++)
        weights1Gradient[i * HIDDEN + h]! += hiddenSlope * samples[(first + b) * INPUTS + i]!;
    }
  }
}

function littleEndian(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) view.setFloat32(i * 4, value, true);
  return bytes;
}
