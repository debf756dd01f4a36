/** Answers kept by key, least recently used first out, bounded by what they weigh. */
export class QueryCache<T> {
  readonly #limitBytes: number;
  readonly #weigh: (value: T) => number;
  /** A Map keeps insertion order: the first key is the least recently used. */
  readonly #entries = new Map<string, { value: T; bytes: number }>();
  #bytes = 0;

  constructor(limitBytes: number, weigh: (value: T) => number) {
    this.#limitBytes = limitBytes;
    this.#weigh = weigh;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** A value heavier than the whole cache is not kept. */
  set(key: string, value: T): void {
    this.#remove(key);
    const bytes = this.#weigh(value);
    if (bytes > this.#limitBytes) return;
    this.#entries.set(key, { value, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#limitBytes) break;
      this.#remove(oldest);
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }
}

/** One text for one set of parameters, whatever the order of their keys; u64s are told apart from numbers. */
export function queryKey(name: string, params: unknown, version = ""): string {
  return `${name}|${version}|${stable(params)}`;
}

function stable(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) return `[${value.map(stable).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, inner]) => `${key}:${stable(inner)}`).join(",")}}`;
  }
  return JSON.stringify(value) ?? "undefined";
}
