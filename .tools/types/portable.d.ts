// What Node 20 and every browser both have and ECMAScript's own library lacks. Only tsconfig.portable.json sees this.

declare class TextEncoder {
  encode(input?: string): Uint8Array<ArrayBuffer>;
  encodeInto(source: string, destination: Uint8Array): { read: number; written: number };
}

declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(input?: ArrayBufferLike | ArrayBufferView, options?: { stream?: boolean }): string;
}

declare function queueMicrotask(callback: () => void): void;
declare function structuredClone<T>(value: T): T;
