/** Word views of whole buffers: making one costs as much as comparing a few hundred bytes. */
const views = new WeakMap<ArrayBufferLike, Uint32Array>();

/** The whole words of the buffer under `bytes`: word `w` is its bytes `4w .. 4w + 3`. */
export function wordsUnder(bytes: Uint8Array): Uint32Array {
  const { buffer } = bytes;
  let words = views.get(buffer);
  // a growable buffer may have grown since
  if (words === undefined || words.length !== buffer.byteLength >>> 2) {
    words = new Uint32Array(buffer, 0, buffer.byteLength >>> 2);
    views.set(buffer, words);
  }
  return words;
}
