import { ok, type Result } from "../../base/result.ts";
import { highOf, lowOf } from "../../base/u64.ts";
import { NONE } from "../../log/index/id-slots.ts";
import { PageDeltas } from "../../log/index/page-deltas.ts";
import type { ParamsOf } from "../../protocol/requests.ts";
import type { Recording } from "../../replay/recording.ts";
import type { Survey } from "../recording/survey.ts";
import type { Sliced } from "../slice-scheduler.ts";
import { sortedBy } from "../sliced-sort.ts";

/** Pages sought between two chances to stop. */
const PAGES_A_STEP = 256;
/** Orders kept: what a person scrolls through, and what they scrolled through before. */
const KEPT = 6;

type WindowParams = ParamsOf<"pages.window">;

export interface PageOrder extends Pick<WindowParams, "lsn" | "descending" | "dead" | "pageTypes" | "text"> {
  /** `first-write`: in order of first appearance. */
  readonly order: WindowParams["order"] | "first-write";
}

/** Slots of a recording's pages, filtered and sorted as a list shows them. Kept, so that scrolling sorts once. */
export class PageOrders {
  readonly #recording: Recording;
  readonly #survey: Survey;
  readonly #orders = new Map<string, Uint32Array>();
  #byId = new Uint32Array(0);

  constructor(recording: Recording, survey: Survey) {
    this.#recording = recording;
    this.#survey = survey;
  }

  /** Slots in the order asked for. */
  *slotsFor(order: PageOrder): Sliced<Result<Uint32Array>> {
    const key = this.#keyOf(order);
    const known = this.#orders.get(key);
    if (known !== undefined) {
      this.#orders.delete(key);
      this.#orders.set(key, known);
      return ok(known);
    }
    const chosen = yield* this.#choose(order);
    const sorted = yield* this.#sort(chosen, order);
    if (!sorted.ok) return sorted;
    if (this.#orders.size >= KEPT) this.#orders.delete(this.#orders.keys().next().value as string);
    this.#orders.set(key, sorted.value);
    return sorted;
  }

  #keyOf(order: PageOrder): string {
    const { generation } = this.#recording;
    // The LSN matters only where it decides who is there, or who was written last.
    const lsn = this.#pagesChangeWith(order) ? order.lsn : 0;
    const revision = order.order === "deltas" ? this.#survey.revision : 0;
    const { order: by, descending, dead, pageTypes, text } = order;
    return JSON.stringify([generation, revision, lsn, by, descending, dead, pageTypes ?? null, text ?? ""]);
  }

  #pagesChangeWith(order: PageOrder): boolean {
    // A page that was made twice may have been of another type and size then.
    const { lives, ids } = this.#recording.index.tables;
    return !order.dead || order.order === "last-write" || lives.count > ids.count;
  }

  *#choose({ lsn, dead, pageTypes, text }: PageOrder): Sliced<Uint32Array> {
    const { tables } = this.#recording.index;
    const { lives, ids, types } = tables;
    const wantedTypes = pageTypes === undefined ? undefined : new Set(pageTypes);
    const needle = (text ?? "").trim().toLowerCase();
    const typeHasText = types.texts.map((name) => name.toLowerCase().includes(needle));
    const byId = yield* this.#inIdOrder();
    const chosen = new Uint32Array(byId.length);
    let count = 0;
    for (let i = 0; i < byId.length; i++) {
      const slot = byId[i]!;
      const life = dead ? this.lifeFor(slot, lsn) : tables.lifeAt(slot, lsn);
      if (life === NONE) continue;
      const type = lives.type.data[life]!;
      if (wantedTypes !== undefined && !wantedTypes.has(type)) continue;
      if (needle !== "" && !typeHasText[type]! && !ids.id(slot).toString().includes(needle)) continue;
      chosen[count++] = slot;
      if (i % (PAGES_A_STEP * 16) === PAGES_A_STEP * 16 - 1) yield;
    }
    return chosen.subarray(0, count);
  }

  /** The life that stands for a page at an LSN: the one it has then, else its newest. */
  lifeFor(slot: number, lsn: number): number {
    const { tables } = this.#recording.index;
    const life = tables.lifeAt(slot, lsn);
    return life === NONE ? tables.slotLife.data[slot]! : life;
  }

  *#inIdOrder(): Sliced<Uint32Array> {
    const { lo, hi, count } = this.#recording.index.tables.ids;
    if (this.#byId.length !== count) {
      const slots = Uint32Array.from({ length: count }, (_, slot) => slot);
      this.#byId = yield* sortedBy(slots, (a, b) => hi.data[a]! - hi.data[b]! || lo.data[a]! - lo.data[b]!);
    }
    return this.#byId;
  }

  *#sort(slots: Uint32Array, { lsn, order, descending }: PageOrder): Sliced<Result<Uint32Array>> {
    if (order !== "id") {
      const keys = new Float64Array(this.#recording.index.tables.ids.count);
      const filled = yield* this.#fillKeys(keys, slots, lsn, order);
      if (!filled.ok) return filled;
      // Stable: pages with the same key stay in id order.
      const sign = descending ? -1 : 1;
      return ok(yield* sortedBy(slots, (a, b) => sign * (keys[a]! - keys[b]!)));
    }
    return ok(descending ? slots.slice().reverse() : slots.slice());
  }

  *#fillKeys(
    keys: Float64Array,
    slots: Uint32Array,
    lsn: number,
    order: PageOrder["order"],
  ): Sliced<Result<void>> {
    const { lives, types } = this.#recording.index.tables;
    const typeRank = rankOf(types.texts);
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]!;
      const life = this.lifeFor(slot, lsn);
      if (order === "type") keys[slot] = typeRank[lives.type.data[life]!]!;
      else if (order === "size") keys[slot] = lives.sizeBytes.data[life]!;
      else if (order === "first-write") keys[slot] = slot;
      else if (order === "deltas") keys[slot] = this.#survey.slotDeltas[slot] ?? 0;
      else {
        const place = new PageDeltas(this.#recording.index, slot);
        const found = place.seek(lsn);
        if (!found.ok) return found;
        // What an earlier life of the page took is not its own.
        keys[slot] = place.lsn > lives.fromLsn.data[life]! ? place.lsn : 0;
      }
      if (i % PAGES_A_STEP === PAGES_A_STEP - 1) yield;
    }
    return ok();
  }
}

/** Where each text stands in alphabetical order. */
function rankOf(texts: readonly string[]): number[] {
  const sorted = [...texts.keys()].sort((a, b) => (texts[a]! < texts[b]! ? -1 : 1));
  const rank: number[] = [];
  for (const [place, number] of sorted.entries()) rank[number] = place;
  return rank;
}

/** The slot of a page id in a recording, or -1. */
export function slotOf(recording: Recording, id: bigint): number {
  return recording.index.tables.ids.find(lowOf(id), highOf(id));
}
