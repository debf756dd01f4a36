// What `base` and `protocol` use of their surroundings: present in Node, in browsers and in workers alike.
// Only their own tsconfig includes this file; elsewhere the platform's declarations stand.
declare class TextEncoder {
  encode(text?: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes?: Uint8Array): string;
}
