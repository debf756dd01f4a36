import { utf8Encode } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { SharedColumn } from "../pages/shared-column.ts";
import { functionOf } from "./formula.ts";
import { checkKernel } from "./kernels/check-kernel.ts";
import type { KernelSpec } from "./kernels/kernel-spec.ts";
import { lazyFunction, type ModuleExport } from "./module-function.ts";
import {
  type ColumnElement,
  type ColumnsFunction,
  type FormulaFunction,
  MAX_RECOMPUTE_NAME_BYTES,
  type RecomputeDefinition,
  type RecomputeFunction,
  type RecomputeModule,
} from "./recompute.ts";

const DEFAULT_NAME = "recompute";
const MAX_COLUMN_INPUTS = 16;
const MAX_MODULE_CHARACTERS = 4096;
const MAX_PRIORITY = 2 ** 31 - 1;

/** A registered recompute; exactly one of `run`, `columns` and `kernel` is set, and beside `run` maybe the formula that it calls. */
export interface Recompute {
  readonly name: string;
  readonly priority: number;
  readonly lazy: boolean;
  readonly discover: boolean;
  readonly run: RecomputeFunction | undefined;
  readonly formula: FormulaFunction | undefined;
  /** Where a worker finds the function. */
  readonly module: ModuleExport | undefined;
  readonly columns: ColumnsFunction | undefined;
  readonly inputs: number;
  readonly element: ColumnElement;
  readonly kernel: KernelSpec | undefined;
}

/** Who computes what: recomputes by number (from 1 on), and each page's number in a column. What a page was given itself comes before its type's. */
export class RecomputeRegistry {
  readonly #of: SharedColumn<Uint32Array>;
  readonly #maxNodes: number;
  /** By slot: the number of the page's recompute; 0 = none. */
  of: Uint32Array;
  /** By number. */
  readonly all: (Recompute | undefined)[] = [undefined];
  readonly #free: number[] = [];
  readonly #uses: number[] = [0];
  readonly #byType = new Map<string, number>();
  readonly #byPage = new Map<number, number>();
  readonly #numbers = new Map<RecomputeDefinition, number>();
  readonly #definitions: (RecomputeDefinition | undefined)[] = [undefined];
  /** Rises when a recompute comes or goes. */
  version = 0;
  /** Rises when a page may have got another recompute. */
  bindings = 0;
  /** How many of each kind there are: what the waves look after only where there is one. */
  prioritised = 0;
  lazies = 0;
  discoverers = 0;
  modules = 0;

  constructor(nodes: number, maxNodes: number) {
    this.#maxNodes = maxNodes;
    this.#of = new SharedColumn<Uint32Array>(Uint32Array, Math.min(nodes, maxNodes), maxNodes);
    this.of = this.#of.rows;
  }

  get bytes(): number {
    return this.of.byteLength;
  }

  get size(): number {
    return this.#numbers.size;
  }

  growNodes(nodes: number): void {
    if (nodes <= this.of.length) return;
    this.#of.grow(Math.min(this.#maxNodes, nodes));
    this.of = this.#of.rows;
  }

  recomputeOf(slot: number): Recompute | undefined {
    return slot < this.of.length ? this.all[this.of[slot]!] : undefined;
  }

  hasOwn(slot: number): boolean {
    return this.#byPage.has(slot);
  }

  hasType(type: string): boolean {
    return this.#byType.has(type);
  }

  setPage(slot: number, type: string, definition: RecomputeDefinition | undefined): void {
    const before = this.#byPage.get(slot);
    if (definition === undefined) this.#byPage.delete(slot);
    else this.#byPage.set(slot, this.#take(definition));
    if (before !== undefined) this.#release(before);
    this.bind(slot, type);
  }

  setType(type: string, definition: RecomputeDefinition | undefined): void {
    const before = this.#byType.get(type);
    if (definition === undefined) this.#byType.delete(type);
    else this.#byType.set(type, this.#take(definition));
    if (before !== undefined) this.#release(before);
  }

  /** Gives a page the recompute it should have; true where it has one. */
  bind(slot: number, type: string): boolean {
    const number = this.#byPage.get(slot) ?? this.#byType.get(type) ?? 0;
    this.of[slot] = number;
    this.bindings++;
    return number > 0;
  }

  /** A page is gone. */
  forget(slot: number): void {
    const own = this.#byPage.get(slot);
    this.#byPage.delete(slot);
    if (own !== undefined) this.#release(own);
    if (slot < this.of.length) this.of[slot] = 0;
    this.bindings++;
  }

  #take(definition: RecomputeDefinition): number {
    let number = this.#numbers.get(definition);
    if (number === undefined) {
      number = this.#free.pop() ?? this.all.length;
      const recompute = recomputeOf(definition);
      this.all[number] = recompute;
      this.#definitions[number] = definition;
      this.#uses[number] = 0;
      this.#numbers.set(definition, number);
      this.#count(recompute, 1);
    }
    this.#uses[number]!++;
    this.version++;
    return number;
  }

  #release(number: number): void {
    this.version++;
    if (--this.#uses[number]! > 0) return;
    this.#count(this.all[number]!, -1);
    this.#numbers.delete(this.#definitions[number]!);
    this.all[number] = undefined;
    this.#definitions[number] = undefined;
    this.#free.push(number);
  }

  #count(recompute: Recompute, by: number): void {
    if (recompute.priority !== 0) this.prioritised += by;
    if (recompute.lazy) this.lazies += by;
    if (recompute.discover) this.discoverers += by;
    if (recompute.module !== undefined) this.modules += by;
  }
}

/** Errors: ARGUMENT_INVALID. */
export function checkDefinition(definition: RecomputeDefinition): Result<void> {
  const { name = "", priority = 0, lazy = false, discover = false } = definition;
  if (typeof name !== "string" || utf8Encode(name).length > MAX_RECOMPUTE_NAME_BYTES)
    return invalid(`a recompute's name has at most ${MAX_RECOMPUTE_NAME_BYTES} bytes`);
  if (!Number.isSafeInteger(priority) || Math.abs(priority) > MAX_PRIORITY)
    return invalid(`${priority} is no priority: it is a whole number of 32 bits`);
  if (typeof lazy !== "boolean" || typeof discover !== "boolean")
    return invalid("lazy and discover are true or false");
  if ("formula" in definition) {
    if (typeof definition.formula !== "function") return invalid("'formula' is no function");
    if ("module" in definition || "run" in definition) return invalid("a formula stands alone");
    return discover ? invalid("only a function discovers its inputs") : ok();
  }
  if ("module" in definition && definition.module !== undefined) {
    const checked = checkModule(definition);
    if (!checked.ok) return checked;
    if (!("run" in definition)) return ok();
  }
  if ("run" in definition)
    return typeof definition.run === "function" ? ok() : invalid("'run' is no function");
  if (discover) return invalid("only a function discovers its inputs");
  if ("columns" in definition) {
    const { columns, inputs, element = "f64" } = definition;
    if (typeof columns !== "function") return invalid("'columns' is no function");
    if (!Number.isSafeInteger(inputs) || inputs < 0 || inputs > MAX_COLUMN_INPUTS)
      return invalid(`a columns function has 0 to ${MAX_COLUMN_INPUTS} inputs`);
    return ["f64", "f32", "u32", "i32"].includes(element) ? ok() : invalid(`'${element}' is no element type`);
  }
  return "kernel" in definition
    ? checkKernel(definition.kernel)
    : invalid("it is neither a function nor a kernel");
}

function checkModule({ module, export: name }: Partial<RecomputeModule>): Result<void> {
  const text = module instanceof URL || typeof module === "string" ? String(module) : "";
  if (text === "" || text.length > MAX_MODULE_CHARACTERS || (/^[a-z]{2,}:/i.test(text) && !isFileUrl(text)))
    return invalid(
      `a module is a file: URL, a path or a specifier of at most ${MAX_MODULE_CHARACTERS} characters`,
    );
  return name === undefined ||
    (typeof name === "string" && name !== "" && name.length <= MAX_RECOMPUTE_NAME_BYTES)
    ? ok()
    : invalid("'export' is the name of an export");
}

function isFileUrl(text: string): boolean {
  return text.startsWith("file:") && URL.canParse(text);
}

function invalid(message: string): Result<void> {
  return fail(
    "ARGUMENT_INVALID",
    message,
    "Give { run }, { module, export }, { formula }, { columns, inputs } or { kernel }, with options in their ranges",
  );
}

function recomputeOf(definition: RecomputeDefinition): Recompute {
  const { priority = 0, lazy = false, discover = false } = definition;
  const module = moduleOf(definition);
  return {
    name: nameOf(definition),
    priority,
    lazy,
    discover,
    run: runOf(definition, module),
    formula: "formula" in definition ? definition.formula : undefined,
    module,
    columns: "columns" in definition ? definition.columns : undefined,
    inputs: "columns" in definition ? definition.inputs : 0,
    element: "columns" in definition ? (definition.element ?? "f64") : "f64",
    kernel: "kernel" in definition ? definition.kernel : undefined,
  };
}

function functionIn(definition: RecomputeDefinition): { readonly name: string } {
  if ("columns" in definition) return definition.columns;
  return "formula" in definition ? definition.formula : (definition as { run: RecomputeFunction }).run;
}

function runOf(
  definition: RecomputeDefinition,
  module: ModuleExport | undefined,
): RecomputeFunction | undefined {
  if ("run" in definition) return definition.run;
  return "formula" in definition ? functionOf(definition.formula) : module && lazyFunction(module);
}

export function moduleOf(definition: RecomputeDefinition): ModuleExport | undefined {
  if (!("module" in definition) || definition.module === undefined) return undefined;
  return { module: String(definition.module), exportName: definition.export ?? "default" };
}

export function nameOf(definition: RecomputeDefinition): string {
  if (definition.name !== undefined) return definition.name;
  if ("kernel" in definition) return `kernel.${definition.kernel.kind}`;
  const module = moduleOf(definition);
  if (module !== undefined) return module.exportName === "default" ? DEFAULT_NAME : module.exportName;
  const { name } = functionIn(definition);
  return name === "" || utf8Encode(name).length > MAX_RECOMPUTE_NAME_BYTES ? DEFAULT_NAME : name;
}
