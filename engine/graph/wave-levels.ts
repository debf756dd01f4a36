import type { LevelColumns } from "./wave-sink.ts";
import { WorkStack } from "./work-stack.ts";

/** What happened on each level of a wave. */
export class WaveLevels {
  readonly #level = new WorkStack();
  readonly #members = new WorkStack();
  readonly #cutOff = new WorkStack();
  readonly #blocked = new WorkStack();

  clear(): void {
    this.#level.clear();
    this.#members.clear();
    this.#cutOff.clear();
    this.#blocked.clear();
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

  /** Valid until the next wave. */
  columns(): LevelColumns {
    return {
      count: this.#level.count,
      level: this.#level.items,
      members: this.#members.items,
      cutOff: this.#cutOff.items,
      blocked: this.#blocked.items,
    };
  }
}
