/** The types of events that a recording holds, numbered in order of first appearance, with how often each occurs. */
export class EventTypes {
  readonly codes: number[] = [];
  #counts: number[] = [];
  readonly #numbers = new Map<number, number>();

  /** Counts one event of the type that the log calls `code`; returns its number. */
  count(code: number): number {
    let number = this.#numbers.get(code);
    if (number === undefined) {
      number = this.codes.length;
      this.codes.push(code);
      this.#counts.push(0);
      this.#numbers.set(code, number);
    }
    this.#counts[number]!++;
    return number;
  }

  /** The number of a code, or -1. */
  find(code: number): number {
    return this.#numbers.get(code) ?? -1;
  }

  occurrences(number: number): number {
    return this.#counts[number] ?? 0;
  }

  snapshot(): readonly number[] {
    return [...this.#counts];
  }

  /** Numbers given since stay given: whoever was told one may use it. */
  restore(counts: readonly number[]): void {
    this.#counts = this.codes.map((_, number) => counts[number] ?? 0);
  }
}
