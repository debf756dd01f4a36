/** Word views of whole buffers: making one costs as much as comparing a few hundred bytes. */
const wordViews = new WeakMap<ArrayBufferLike, Uint32Array>();

function wordsOf(buffer: ArrayBufferLike): Uint32Array {
  let words = wordViews.get(buffer);
  // a growable buffer may have grown since
  if (words === undefined || words.length !== buffer.byteLength >>> 2) {
    words = new Uint32Array(buffer, 0, buffer.byteLength >>> 2);
    wordViews.set(buffer, words);
  }
  return words;
}

/** See `Accel.diffImages`. */
export function diffImages(
  before: Uint8Array,
  beforeAt: number,
  after: Uint8Array,
  afterAt: number,
  from: number,
  to: number,
  runOffset: Uint32Array,
  runLength: Uint32Array,
  count: number,
): number {
  const capacity = Math.min(runOffset.length, runLength.length);
  const beforeWords = wordsOf(before.buffer);
  const afterWords = wordsOf(after.buffer);
  const beforeByte = before.byteOffset + beforeAt;
  const afterByte = after.byteOffset + afterAt;
  const isAligned = ((beforeByte ^ afterByte) & 3) === 0;
  let i = from;
  while (i < to && count < capacity) {
    // skip what is equal, four bytes at a time where both images lie the same way to a word
    if (isAligned) {
      while (i < to && ((beforeByte + i) & 3) !== 0 && before[beforeAt + i] === after[afterAt + i]) i++;
      if (((beforeByte + i) & 3) === 0) {
        let b = (beforeByte + i) / 4;
        let a = (afterByte + i) / 4;
        const stop = b + Math.floor((to - i) / 4);
        const first = b;
        while (b < stop && beforeWords[b] === afterWords[a]) {
          b++;
          a++;
        }
        i += (b - first) * 4;
      }
    }
    while (i < to && before[beforeAt + i] === after[afterAt + i]) i++;
    if (i >= to) break;
    const start = i;
    do i++;
    while (i < to && before[beforeAt + i] !== after[afterAt + i]);
    runOffset[count] = start;
    runLength[count++] = i - start;
  }
  return count;
}

/** See `Accel.blendMasked`. */
export function blendMasked(
  mask: Uint8Array,
  maskAt: number,
  values: Uint8Array,
  valuesAt: number,
  page: Uint8Array,
  pageAt: number,
  length: number,
): void {
  for (let i = 0; i < length; i++) {
    if (mask[maskAt + i] !== 0) page[pageAt + i] = values[valuesAt + i]!;
  }
}
