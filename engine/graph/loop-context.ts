import type { PageContext } from "./page-context.ts";
import type { RecomputeContext } from "./recompute.ts";

/**
 * What a loop over pages gives functions: the loop itself has the readers and writers of numbers, and for anything else the executor's context takes over where it is,
 * until the function is done.
 */
export abstract class LoopContext implements RecomputeContext {
  abstract readonly inputCount: number;
  abstract f64(input: number, index: number): number;
  abstract setF64(index: number, value: number): void;
  /** The executor's context for what reads inputs: nothing of what was written matters to it. */
  protected abstract reader(): PageContext;
  /** The executor's context, made that of the page with what it has written so far. */
  protected abstract handOver(): PageContext;

  get pageId() {
    return this.reader().pageId;
  }
  get sizeBytes() {
    return this.reader().sizeBytes;
  }
  inputId(input: number) {
    return this.reader().inputId(input);
  }
  inputSizeBytes(input: number) {
    return this.reader().inputSizeBytes(input);
  }
  inputOf(pageId: bigint) {
    return this.reader().inputOf(pageId);
  }
  f32(input: number, index: number) {
    return this.reader().f32(input, index);
  }
  u32(input: number, index: number) {
    return this.reader().u32(input, index);
  }
  i32(input: number, index: number) {
    return this.reader().i32(input, index);
  }
  u16(input: number, index: number) {
    return this.reader().u16(input, index);
  }
  i16(input: number, index: number) {
    return this.reader().i16(input, index);
  }
  u8(input: number, index: number) {
    return this.reader().u8(input, index);
  }
  i8(input: number, index: number) {
    return this.reader().i8(input, index);
  }
  bytes(input: number) {
    return this.reader().bytes(input);
  }
  own() {
    return this.handOver().own();
  }
  ownF64(index: number) {
    return this.handOver().ownF64(index);
  }
  ownU32(index: number) {
    return this.handOver().ownU32(index);
  }
  setF32(index: number, value: number) {
    this.handOver().setF32(index, value);
  }
  setU32(index: number, value: number) {
    this.handOver().setU32(index, value);
  }
  setI32(index: number, value: number) {
    this.handOver().setI32(index, value);
  }
  setU16(index: number, value: number) {
    this.handOver().setU16(index, value);
  }
  setU8(index: number, value: number) {
    this.handOver().setU8(index, value);
  }
  write(offset: number, bytes: Uint8Array) {
    this.handOver().write(offset, bytes);
  }
}
