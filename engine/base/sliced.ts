/** Runs a sliced job to its end: a generator whose steps only say how far it is. */
export function finish<T>(job: Generator<unknown, T>): T {
  let step = job.next();
  while (step.done !== true) step = job.next();
  return step.value;
}
