import { Prng } from "../../base/prng.ts";
import { ok, unwrap } from "../../base/result.ts";
import type { RecomputeContext, RecomputeDefinition } from "../../graph/recompute.ts";
import type { Session } from "../session.ts";
import { mark } from "./demo-mark.ts";

/**
 * An order as a spreadsheet: every cell is a page of one number, and all but what is typed in are recomputed in waves. Lines are quantity times price, sections and
 * the whole are sums, a rebate goes up in steps (so that most waves are cut off there), the amount is asked for in one currency or another (so that its edges
 * change) and fails while that has no rate. The mean of the lines is computed when it is read, or while the note at the end asks for it.
 */
export const SHEET_STEPS = 200;

const SECTIONS = 4;
const LINES = 6;
const CURRENCIES = 3;
/** From so much on the rebate is so much. */
const REBATES = [
  [50_000, 0.1],
  [40_000, 0.05],
] as const;
/** The note names the mean line of orders from this amount on. */
const LARGE = 45_000;
const READ_EVERY = 12;
const MARK_EVERY = 50;
/** The rate of the order's currency goes missing so often, and comes back with the next change. */
const MISSING_RATE = 0.06;
const SHEET_SEED = 0x5ee7;

interface Cells {
  readonly quantities: readonly bigint[];
  readonly prices: readonly bigint[];
  readonly rates: readonly bigint[];
  readonly currency: bigint;
  readonly lines: readonly bigint[];
  readonly sections: readonly bigint[];
  readonly total: bigint;
  readonly rebate: bigint;
  readonly due: bigint;
  readonly amount: bigint;
  readonly receipt: bigint;
  readonly mean: bigint;
  readonly note: bigint;
}

export function sheet(session: Session, seed: number): (session: Session, step: number) => void {
  const prng = new Prng(seed ^ SHEET_SEED);
  const cells = createCells(session, prng);
  unwrap(
    session.transaction(() => {
      registerRecomputes(session, cells);
      return ok();
    }),
  );
  mark(session, "the order as it came in", session.lastLsn);
  let chosen = 0;
  let isMissing = false;

  return (_session, step) => {
    unwrap(
      session.transaction((cause) => {
        const type = (cell: bigint, value: number) =>
          unwrap(session.write(cell, 0, number(value), { source: "sheet.edit", cause }));
        for (let edits = prng.between(1, 3); edits > 0; edits--)
          type(prng.pick(cells.quantities), prng.below(40));
        if (prng.chance(0.2)) type(prng.pick(cells.prices), priceOf(prng));
        if (isMissing) type(cells.rates[chosen]!, rateOf(prng));
        else if (prng.chance(0.15)) {
          chosen = prng.below(CURRENCIES);
          type(cells.currency, chosen);
        }
        isMissing = !isMissing && prng.chance(MISSING_RATE);
        if (isMissing) type(cells.rates[chosen]!, 0);
        return ok();
      }),
    );
    if (step % READ_EVERY === 0) unwrap(session.read(cells.mean));
    if (step % MARK_EVERY === 0)
      mark(session, `step ${step}: ${readNumber(session, cells.total).toFixed(2)} in all`, session.lastLsn);
  };
}

function createCells(session: Session, prng: Prng): Cells {
  const lines = SECTIONS * LINES;
  const cell = (type: string, value?: number) =>
    unwrap(
      session.createPage(
        {
          type: `sheet.${type}`,
          sizeBytes: 8,
          schema: { fields: [{ name: type, type: "f64", offset: 0, shape: [] }] },
          ...(value === undefined ? {} : { bytes: number(value) }),
        },
        { source: "sheet.order" },
      ),
    );
  const cells = (count: number, type: string, value?: () => number) =>
    Array.from({ length: count }, () => cell(type, value?.()));
  return unwrap(
    session.transaction(() =>
      ok({
        quantities: cells(lines, "quantity", () => prng.below(40)),
        prices: cells(lines, "price", () => priceOf(prng)),
        rates: cells(CURRENCIES, "rate", () => rateOf(prng)),
        currency: cell("currency", 0),
        lines: cells(lines, "line"),
        sections: cells(SECTIONS, "section"),
        total: cell("total"),
        rebate: cell("rebate"),
        due: cell("due"),
        amount: cell("amount"),
        receipt: cell("receipt"),
        mean: cell("mean"),
        note: cell("note"),
      }),
    ),
  );
}

function registerRecomputes(session: Session, cells: Cells): void {
  const { quantities, prices, currency, rates, lines, sections, total, rebate, due, amount, mean } = cells;
  const register = (page: bigint, definition: RecomputeDefinition, inputs: readonly bigint[] = []) =>
    unwrap(session.registerRecompute(page, definition, { inputs, source: "sheet" }));
  const product = {
    name: "sheet.product",
    kernel: { kind: "zip", operation: "multiply", element: "f64" },
  } as const;
  const sum = { name: "sheet.sum", kernel: { kind: "sum", element: "f64" } } as const;
  for (const [at, line] of lines.entries()) register(line, product, [quantities[at]!, prices[at]!]);
  for (const [at, section] of sections.entries())
    register(section, sum, lines.slice(at * LINES, (at + 1) * LINES));
  register(total, sum, sections);
  register(rebate, { name: "sheet.rebate", formula: (whole) => rebateOf(whole!) }, [total]);
  register(due, { name: "sheet.due", formula: (whole, share) => whole! * (1 - share!) }, [total, rebate]);
  const ask = (ctx: RecomputeContext, page: bigint) => ctx.f64(ctx.inputOf(page), 0);
  register(amount, {
    name: "sheet.amount",
    discover: true,
    run: (ctx) => {
      const rate = ask(ctx, rates[ask(ctx, currency)]!);
      if (rate === 0) throw new Error("the currency has no rate");
      ctx.setF64(0, ask(ctx, due) / rate);
    },
  });
  register(cells.receipt, { name: "sheet.receipt", formula: (sold) => Math.floor(sold! * 100) / 100 }, [
    amount,
  ]);
  register(mean, { name: "sheet.mean", lazy: true, run: meanOf }, lines);
  register(cells.note, {
    name: "sheet.note",
    discover: true,
    run: (ctx) => ctx.setF64(0, ask(ctx, total) < LARGE ? 0 : ask(ctx, mean)),
  });
}

function rebateOf(total: number): number {
  for (const [from, rebate] of REBATES) if (total >= from) return rebate;
  return 0;
}

function meanOf(ctx: RecomputeContext): void {
  let sum = 0;
  for (let input = 0; input < ctx.inputCount; input++) sum += ctx.f64(input, 0);
  ctx.setF64(0, sum / ctx.inputCount);
}

function priceOf(prng: Prng): number {
  return prng.between(100, 20_000) / 100;
}

function rateOf(prng: Prng): number {
  return prng.between(50, 150) / 100;
}

function number(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return bytes;
}

function readNumber(session: Session, page: bigint): number {
  const { bytes } = unwrap(session.read(page));
  return new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0, true);
}
