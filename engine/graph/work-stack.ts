const NONE = new Uint32Array(0);

/** A growing list of u32 for worklists: no recursion over user-sized graphs, no object an item. Keeps its room from use to use. */
export class WorkStack {
  count = 0;
  items = new Uint32Array(64);

  clear(): void {
    this.count = 0;
  }

  push(item: number): void {
    if (this.count === this.items.length) this.reserve(this.count * 2);
    this.items[this.count++] = item;
  }

  /** Call only while it is not empty. */
  pop(): number {
    return this.items[--this.count]!;
  }

  reserve(capacity: number): void {
    if (capacity <= this.items.length) return;
    const longer = new Uint32Array(Math.max(capacity, this.items.length * 2));
    longer.set(this.items);
    this.items = longer;
  }

  /** Its items, until the next push. */
  view(): Uint32Array {
    return this.count === 0 ? NONE : this.items.subarray(0, this.count);
  }

  /** Its items, by ascending key. */
  sortedBy(key: Int32Array): Uint32Array {
    return this.items.slice(0, this.count).sort((a, b) => key[a]! - key[b]!);
  }
}
