import type { LevelColumns } from "./wave-sink.ts";
import { WorkStack } from "./work-stack.ts";

/** What happened on each level of a wave. */
export class WaveLevels {
  readonly #level = new WorkStack();
  readonly #members = new WorkStack();
  readonly #cutOff = new WorkStack();
  readonly #blocked = new WorkStack();

  clear(): void {
    for (const column of [this.#level, this.#members, this.#cutOff, this.#blocked]) column.clear();
  }

  /** A level may be told in parts. */
  add(level: number, members: number, cutOff: number, blocked: number): void {
    if (members + cutOff + blocked === 0) return;
    const last = this.#level.count - 1;
    if (last >= 0 && this.#level.items[last] === level) {
      this.#members.items[last]! += members;
      this.#cutOff.items[last]! += cutOff;
      this.#blocked.items[last]! += blocked;
      return;
    }
    this.#level.push(level);
    this.#members.push(members);
    this.#cutOff.push(cutOff);
    this.#blocked.push(blocked);
  }

  /** Views; valid until the next wave. */
  columns(): LevelColumns {
    const count = this.#level.count;
    const view = (column: WorkStack) => column.items.subarray(0, count);
    return {
      count,
      level: view(this.#level),
      members: view(this.#members),
      cutOff: view(this.#cutOff),
      blocked: view(this.#blocked),
    };
  }
}
