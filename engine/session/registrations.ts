import type { RecomputeDefinition } from "../graph/recompute.ts";
import { moduleOf, nameOf } from "../graph/registry.ts";
import type { Registration } from "../log/registration.ts";
import type { RecomputeTarget } from "./recompute-target.ts";

/** What the log says of a registration. */
export function registrationOf(
  target: RecomputeTarget,
  definition: RecomputeDefinition | undefined,
): Registration {
  const pageType = typeof target === "string" ? target : undefined;
  if (definition === undefined)
    return { registered: false, pageType, name: "", form: "function", options: "" };
  const { priority, lazy, discover } = definition;
  const common = { priority, lazy, discover };
  const name = nameOf(definition);
  if ("kernel" in definition) {
    return {
      registered: true,
      pageType,
      name,
      form: "kernel",
      options: jsonOf({ ...common, kernel: definition.kernel }),
    };
  }
  if ("columns" in definition) {
    const { inputs, element } = definition;
    return {
      registered: true,
      pageType,
      name,
      form: "columns",
      options: jsonOf({ ...common, inputs, element }),
    };
  }
  const found = moduleOf(definition);
  const module = found === undefined ? {} : { module: found.module, export: found.exportName };
  return { registered: true, pageType, name, form: "function", options: jsonOf({ ...common, ...module }) };
}

/** Page ids as decimal strings; empty where there is nothing to say. */
function jsonOf(value: object): string {
  const text = JSON.stringify(value, (_, field) => (typeof field === "bigint" ? String(field) : field));
  return text === "{}" ? "" : text;
}
