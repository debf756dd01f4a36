// Law: whatever function of the addon is called with whatever, it answers or throws an MmsbError that names it; it never crashes, and works on afterwards.
import { existsSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { nativeAddon } from "../../engine/accel/index.ts";
import { utf8Encode } from "../../engine/base/bytes.ts";
import { MmsbError } from "../../engine/base/errors.ts";
import { Prng } from "../../engine/base/prng.ts";

const seed = Number(process.env["MMSB_SEED"] ?? 20261125);
const ROUNDS = Number(process.env["MMSB_RUNS"] ?? 250);
/** Some may name a file that is open here, and break it; or they tell the addon how to make errors. */
const LEFT_ALONE = ["initialize", "openFile"];
const LIBRARY = path.resolve(
  import.meta.dirname,
  `../../dist/native-cuda/${process.platform}-${process.arch}/libmmsb_cuda.so`,
);

class Trap extends Error {}

function oddValues(rng: Prng): unknown[] {
  const detached = new Uint8Array(64);
  structuredClone(detached, { transfer: [detached.buffer] });
  const few = Uint32Array.from({ length: 40 }, () => rng.below(50));
  return [
    ...[undefined, null, true, "", "text", {}, [], 5n, Symbol("odd"), () => 1],
    ...[-1, -0, 0, 1, 2, 3, 7, 64, 255, 0.5, Number.NaN, Number.POSITIVE_INFINITY],
    ...[2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 2 ** 60],
    ...[[undefined], [detached], [new Uint8Array(100), new Uint8Array(9)]],
    ...[
      detached,
      new Uint8Array(0),
      new Uint8Array(100).fill(rng.below(256)),
      new Uint8Array(9).subarray(3, 8),
    ],
    ...[new Uint8Array(new SharedArrayBuffer(4096)), new Uint16Array(9).fill(rng.below(4))],
    ...[new Uint32Array(0), few, few.map((value) => value % 4), new Uint32Array(40).fill(0xffff_ffff)],
    ...[new Int32Array(5), new Float32Array(3), new Float64Array(0), Float64Array.from(few)],
    ...[new BigInt64Array(2), new DataView(new ArrayBuffer(8))],
    new Proxy([], {
      get() {
        throw new Trap();
      },
    }),
  ];
}

it("every function of the addon answers or refuses, whatever it is called with", (ctx) => {
  if (nativeAddon.path === undefined) return ctx.skip(`no native addon: ${nativeAddon.reason}`);
  const { functions } = nativeAddon;
  const { cuda } = functions;
  if (existsSync(LIBRARY)) cuda.load(LIBRARY);
  // A card at hand is not for playing with: test/gpu does that with more care.
  const hasCard = existsSync(LIBRARY) && cuda.probe().deviceCount > 0;
  const all: [name: string, call: unknown][] = [
    ...Object.entries(functions).filter(([name]) => !LEFT_ALONE.includes(name)),
    ...(hasCard ? [] : Object.entries(cuda).filter(([name]) => name !== "load")),
  ];
  let answered = 0;
  let refused = 0;
  for (const [name, call] of all) {
    if (typeof call !== "function") continue;
    for (let round = 0; round < ROUNDS; round++) {
      const rng = new Prng(seed + round);
      const odd = oddValues(rng);
      const args = Array.from({ length: rng.below(26) }, () => rng.pick(odd));
      try {
        call(...args);
        answered++;
      } catch (error) {
        if (error instanceof Trap) continue;
        expect(error, `${name}, MMSB_SEED=${seed + round}`).toBeInstanceOf(MmsbError);
        const { code, message } = error as MmsbError;
        expect(code, name).toMatch(/^(ARGUMENT_INVALID|DEVICE_UNAVAILABLE|LIMIT_EXCEEDED)$/);
        expect(message).not.toBe("");
        refused++;
      }
    }
  }
  expect(answered).toBeGreaterThan(ROUNDS / 4);
  expect(refused).toBeGreaterThan(ROUNDS * 40);
  expect(functions.crc32c(utf8Encode("123456789"))).toBe(0xe3069283);
});
