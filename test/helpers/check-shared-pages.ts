import {
  CLASS_GRANULES,
  Field,
  HEADER_WORDS,
  Pair,
  SLOT_WORDS,
  SlotState,
  Word,
} from "../../engine/pages/shared-layout.ts";

/**
 * Reads the memory of shared pages, which nobody uses meanwhile, word by word from its layout and throws where a granule or a slot is
 * lost or owned twice, or the accounts do not add up. Returns the ids of the live pages.
 */
export function checkSharedPages(memory: SharedArrayBuffer): bigint[] {
  const words = new Uint32Array(memory, 0, Math.floor(memory.byteLength / 4));
  const [slots, granules] = [words[Word.Slots]!, words[Word.Granules]!];
  const granuleOwners = new Uint8Array(granules);
  const slotOwners = new Uint8Array(slots);
  const own = (granule: number, kind: number) => {
    for (let i = granule; i < granule + CLASS_GRANULES[kind]!; i++) {
      if (i >= granules) throw new Error(`granule ${i} lies outside the arena`);
      granuleOwners[i]!++;
    }
  };
  const ids: bigint[] = [];
  const held = new Map<number, { pages: number; granules: number }>();
  for (let slot = 0; slot < words[Word.FreshSlot]!; slot++) {
    const at = HEADER_WORDS + slot * SLOT_WORDS;
    const state = words[at + Field.State]! & 3;
    if (state === SlotState.Free) continue;
    if (state !== SlotState.Live) throw new Error(`slot ${slot} was left busy`);
    slotOwners[slot]!++;
    const kind = words[at + Field.Kind]!;
    own(words[at + Field.Granule]!, kind & 0xff);
    ids.push((BigInt(words[at + Field.IdHi]!) << 32n) | BigInt(words[at + Field.IdLo]!));
    const account = held.get(kind >>> 16) ?? { pages: 0, granules: 0 };
    account.pages++;
    account.granules += CLASS_GRANULES[kind & 0xff]!;
    held.set(kind >>> 16, account);
  }
  const walk = (head: number, linkOf: (number: number) => number, each: (number: number) => void) => {
    let steps = 0;
    for (let top = words[head]!; top !== 0; top = linkOf(top - 1)) {
      if (++steps > words.length) throw new Error("a list goes in a circle");
      each(top - 1);
    }
  };
  walk(
    2 * Pair.SlotHead,
    (slot) => words[HEADER_WORDS + slot * SLOT_WORDS + Field.Link]!,
    (slot) => slotOwners[slot]!++,
  );
  const links = HEADER_WORDS + slots * SLOT_WORDS;
  for (let kind = 0; kind < CLASS_GRANULES.length; kind++) {
    walk(
      2 * (Pair.ClassHeads + kind),
      (granule) => words[links + granule]!,
      (granule) => own(granule, kind),
    );
  }
  for (let slot = 0; slot < words[Word.FreshSlot]!; slot++)
    if (slotOwners[slot] !== 1) throw new Error(`slot ${slot} has ${slotOwners[slot]} owners`);
  for (let i = 0; i < granules; i++) {
    const wanted = i < words[Word.FreshGranule]! ? 1 : 0;
    if (granuleOwners[i] !== wanted) throw new Error(`granule ${i} has ${granuleOwners[i]} owners`);
  }
  for (let owner = 0; owner < 64; owner++) {
    const account = held.get(owner) ?? { pages: 0, granules: 0 };
    const said = { granules: words[Word.Owners + 2 * owner]!, pages: words[Word.Owners + 2 * owner + 1]! };
    if (said.pages !== account.pages || said.granules !== account.granules)
      throw new Error(
        `the account of owner ${owner} says ${JSON.stringify(said)}, it holds ${JSON.stringify(account)}`,
      );
  }
  if (words[Word.HeapLock] !== 0) throw new Error("the heap was left locked");
  return ids;
}
