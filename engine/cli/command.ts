import { Command, InvalidArgumentError } from "commander";
import { MmsbError } from "../base/errors.ts";
import { parseU64 } from "../base/u64.ts";
import { EXIT_PROBLEM, exitCodeOf } from "./exit-codes.ts";
import { Output } from "./output.ts";

/** What every verb gets. */
export interface Cli {
  readonly out: Output;
  /** Print for programs. */
  readonly isJson: boolean;
}

export interface CommonOptions {
  readonly json?: boolean;
  readonly debug?: boolean;
}

/** A verb with the options that all have. */
export function verb(usage: string, description: string): Command {
  const [name, ...operands] = usage.split(" ");
  const command = new Command(name);
  // commander takes an empty text for an argument without a name
  if (operands.length > 0) command.arguments(operands.join(" "));
  return command
    .description(description)
    .option("--json", "print for programs")
    .option("--debug", "print the stack of an error");
}

/**
 * Runs a verb and sets the exit code that it returns. Errors become one line; an `MmsbError` may be thrown from anywhere below.
 */
export async function runVerb(options: CommonOptions, run: (cli: Cli) => Promise<number>): Promise<void> {
  const out = new Output();
  try {
    process.exitCode = await run({ out, isJson: options.json === true });
    await out.flush();
  } catch (error) {
    await out.flush();
    process.exitCode = report(error, options.debug === true);
  }
}

/** Says what went wrong on standard error; returns the exit code. */
export function report(error: unknown, isDebugging: boolean): number {
  const known = error instanceof MmsbError;
  const line = known
    ? error.describe()
    : `INTERNAL: ${error instanceof Error ? error.message : String(error)}. This is a fault of mmsb; --debug shows where`;
  process.stderr.write(`${oneLine(line)}\n`);
  if (isDebugging && error instanceof Error) process.stderr.write(`${error.stack ?? ""}\n`);
  return known ? exitCodeOf(error.code) : EXIT_PROBLEM;
}

/** Texts from files may hold anything; a terminal gets neither lines nor control characters of theirs. */
export function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is replaced
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, "\ufffd");
}

export function warn(line: string): void {
  process.stderr.write(`${oneLine(line)}\n`);
}

// ---- arguments

export function lsnArgument(text: string): number {
  const value = wholeNumber(text);
  if (value === undefined) throw new InvalidArgumentError("Give an LSN: a whole number from 0.");
  return value;
}

export function countArgument(text: string): number {
  const value = wholeNumber(text);
  if (value === undefined) throw new InvalidArgumentError("Give a whole number from 0.");
  return value;
}

export function pageArgument(text: string): bigint {
  const id = parseU64(text);
  if (!id.ok) throw new InvalidArgumentError("Give a page id: a whole number from 0 to 2^64-1.");
  return id.value;
}

/** `A:B`, the bytes from A to before B. */
export function rangeArgument(text: string): { readonly start: number; readonly end: number } {
  const [start, end, more] = text.split(":").map(wholeNumber);
  if (start === undefined || end === undefined || more !== undefined || end <= start) {
    throw new InvalidArgumentError("Give A:B, the bytes from A to before B.");
  }
  return { start, end };
}

function wholeNumber(text: string): number | undefined {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}
