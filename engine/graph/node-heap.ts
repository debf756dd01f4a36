import { WorkStack } from "./work-stack.ts";

/** A binary heap of nodes by ascending key; the keys stand outside and do not change while a node waits. */
export class NodeHeap {
  readonly #nodes = new WorkStack();

  get count(): number {
    return this.#nodes.count;
  }

  push(node: number, key: Int32Array): void {
    this.#nodes.push(node);
    const { items } = this.#nodes;
    let at = this.#nodes.count - 1;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (key[items[parent]!]! <= key[node]!) break;
      items[at] = items[parent]!;
      at = parent;
    }
    items[at] = node;
  }

  /** Call only while it is not empty. */
  pop(key: Int32Array): number {
    const { items } = this.#nodes;
    const top = items[0]!;
    const last = this.#nodes.pop();
    const count = this.#nodes.count;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= count) break;
      if (child + 1 < count && key[items[child + 1]!]! < key[items[child]!]!) child++;
      if (key[items[child]!]! >= key[last]!) break;
      items[at] = items[child]!;
      at = child;
    }
    if (count > 0) items[at] = last;
    return top;
  }
}
