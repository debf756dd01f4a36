import { Script } from "node:vm";

let made = 0;

/**
 * The same function, from a copy of its text: V8 keeps what it learns of a function, and the machine code, by the text. So what a copied factory makes is
 * compiled with the callback that it calls built in and the arrays that it was given as constants, where the code that all share has to look at each. A loop over
 * pages takes half the time.
 *
 * The factory may use its parameters and globals only, nothing of its module. Undefined where code may not be made from text: the factory itself does the same.
 */
export function ownCode<F extends (...args: never[]) => unknown>(factory: F): F | undefined {
  try {
    const script = new Script(`(${factory.toString()})`, { filename: `mmsb:${factory.name}-${++made}` });
    return script.runInThisContext() as F;
  } catch {
    return undefined;
  }
}
