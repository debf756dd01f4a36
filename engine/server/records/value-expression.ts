import { fail, ok, type Result } from "../../base/result.ts";
import { FIELD_TYPE_BYTES, type FieldType } from "../../pages/page-types.ts";

/** Where a comparison looks. */
export type Operand =
  | { readonly kind: "field"; readonly name: string; readonly indices: readonly number[] }
  | { readonly kind: "offset"; readonly offset: number; readonly type: FieldType }
  | { readonly kind: "epoch" | "size" };

export type Comparison = "==" | "!=" | "<" | "<=" | ">" | ">=" | "changed";

export interface Term {
  readonly operand: Operand;
  readonly comparison: Comparison;
  /** Unused by `changed`. */
  readonly literal: number | bigint;
}

/** Postfix: a number is a term by index, the others combine what stands before them. */
export type Step = number | "and" | "or" | "not";

export interface ValueExpression {
  readonly terms: readonly Term[];
  readonly steps: readonly Step[];
}

interface Token {
  readonly text: string;
  readonly at: number;
}

const TOKEN =
  /\s*(?:(\(|\)|\[|\]|@|:|==|!=|<=|>=|=|<|>)|('(?:[^'\\]|\\.)')|(-?0x[0-9a-fA-F]+|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|-?\.\d+)|([A-Za-z_][\w.]*))/y;
const BINDING = { or: 1, and: 2, not: 3 } as const;
type Operator = keyof typeof BINDING;

/** Parses the filter language of `protocol/requests/filter.ts`. `ARGUMENT_INVALID` says where and what was expected. */
export function parseValueExpression(text: string): Result<ValueExpression> {
  const tokens = tokenize(text);
  return tokens.ok ? new Parser(tokens.value, text.length).parse() : tokens;
}

function tokenize(text: string): Result<Token[]> {
  const tokens: Token[] = [];
  let at = 0;
  while (text.slice(at).trim() !== "") {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (match === null)
      return unexpected(at + (text.slice(at).length - text.slice(at).trimStart().length), "a comparison");
    const token = match[1] ?? match[2] ?? match[3] ?? match[4] ?? "";
    at = TOKEN.lastIndex;
    tokens.push({ text: token, at: at - token.length });
  }
  return ok(tokens);
}

/** Operator precedence over two stacks (Dijkstra's shunting yard): nothing recurses, however the parentheses nest. */
class Parser {
  readonly #tokens: readonly Token[];
  readonly #end: number;
  #next = 0;
  readonly #terms: Term[] = [];
  readonly #steps: Step[] = [];
  readonly #operators: (Operator | "(")[] = [];

  constructor(tokens: readonly Token[], end: number) {
    this.#tokens = tokens;
    this.#end = end;
  }

  parse(): Result<ValueExpression> {
    let wantsOperand = true;
    while (this.#next < this.#tokens.length) {
      const token = this.#tokens[this.#next]!;
      const word = token.text.toLowerCase();
      if (wantsOperand) {
        if (word === "(" || word === "not") {
          this.#operators.push(word);
          this.#next++;
          continue;
        }
        const term = this.#term();
        if (!term.ok) return term;
        this.#terms.push(term.value);
        this.#steps.push(this.#terms.length - 1);
        wantsOperand = false;
      } else if (word === ")") {
        if (!this.#closeParenthesis()) return unexpected(token.at, "'and', 'or' or the end");
        this.#next++;
      } else if (word === "and" || word === "or") {
        this.#reduce(BINDING[word]);
        this.#operators.push(word);
        this.#next++;
        wantsOperand = true;
      } else return unexpected(token.at, "'and', 'or' or the end");
    }
    if (wantsOperand) return unexpected(this.#end, "a comparison such as 'field > 3'");
    this.#reduce(0);
    if (this.#operators.length > 0) return unexpected(this.#end, "')'");
    return ok({ terms: this.#terms, steps: this.#steps });
  }

  /** Moves operators that bind at least as tightly to the output, down to the next parenthesis. */
  #reduce(binding: number): void {
    for (let top = this.#operators.at(-1); top !== undefined && top !== "("; top = this.#operators.at(-1)) {
      if (BINDING[top] < binding) return;
      this.#steps.push(top);
      this.#operators.pop();
    }
  }

  #closeParenthesis(): boolean {
    this.#reduce(0);
    return this.#operators.pop() === "(";
  }

  #take(): Token | undefined {
    return this.#tokens[this.#next++];
  }

  #term(): Result<Term> {
    const operand = this.#operand();
    if (!operand.ok) return operand;
    const token = this.#take();
    const at = token?.at ?? this.#end;
    switch (token?.text.toLowerCase()) {
      case "changed":
        return operand.value.kind === "epoch" || operand.value.kind === "size"
          ? unexpected(at, "a comparison with a number")
          : ok({ operand: operand.value, comparison: "changed", literal: 0 });
      case "=":
      case "==":
        return this.#literal(operand.value, "==");
      case "!=":
      case "<":
      case "<=":
      case ">":
      case ">=":
        return this.#literal(operand.value, token.text as Comparison);
      default:
        return unexpected(at, "one of == != < <= > >= changed");
    }
  }

  #literal(operand: Operand, comparison: Comparison): Result<Term> {
    const token = this.#take();
    const literal = token === undefined ? undefined : literalOf(token.text);
    return literal === undefined
      ? unexpected(token?.at ?? this.#end, "a number, true, false or a character in quotes")
      : ok({ operand, comparison, literal });
  }

  #operand(): Result<Operand> {
    const token = this.#take();
    if (token?.text === "@") return this.#offset();
    if (token === undefined || !/^[A-Za-z_]/.test(token.text)) {
      return unexpected(token?.at ?? this.#end, "a field, @offset, epoch or size");
    }
    if (token.text === "epoch" || token.text === "size") return ok({ kind: token.text });
    const indices: number[] = [];
    while (this.#tokens[this.#next]?.text === "[") {
      this.#next++;
      const index = this.#whole();
      if (!index.ok) return index;
      indices.push(index.value);
      const close = this.#take();
      if (close?.text !== "]") return unexpected(close?.at ?? this.#end, "']'");
    }
    return ok({ kind: "field", name: token.text, indices });
  }

  #offset(): Result<Operand> {
    const offset = this.#whole();
    if (!offset.ok) return offset;
    if (this.#tokens[this.#next]?.text !== ":")
      return ok({ kind: "offset", offset: offset.value, type: "u8" });
    this.#next++;
    const type = this.#take();
    if (type === undefined || !Object.hasOwn(FIELD_TYPE_BYTES, type.text)) {
      return unexpected(type?.at ?? this.#end, `one of ${Object.keys(FIELD_TYPE_BYTES).join(", ")}`);
    }
    return ok({ kind: "offset", offset: offset.value, type: type.text as FieldType });
  }

  #whole(): Result<number> {
    const token = this.#take();
    const value = token === undefined ? Number.NaN : Number(token.text);
    return Number.isInteger(value) && value >= 0 && value < 2 ** 32
      ? ok(value)
      : unexpected(token?.at ?? this.#end, "a whole number below 2^32");
  }
}

function literalOf(text: string): number | bigint | undefined {
  if (text === "true") return 1;
  if (text === "false") return 0;
  if (text.startsWith("'")) return text.slice(1, -1).replace(/^\\/, "").charCodeAt(0);
  if (!/^-?(?:\d|\.\d)/.test(text)) return undefined;
  if (/^-?(?:0x[0-9a-fA-F]+|\d+)$/.test(text)) {
    const value = text.startsWith("-") ? -BigInt(text.slice(1)) : BigInt(text);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }
  return Number(text);
}

function unexpected(at: number, expected: string): Result<never> {
  return fail(
    "ARGUMENT_INVALID",
    `the value expression is wrong at character ${at + 1}: expected ${expected}`,
    "Write for example 'temperature > 3.5 and not @16:u32 == 0xff'",
    { offset: at },
  );
}
