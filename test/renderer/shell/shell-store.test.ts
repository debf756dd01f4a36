import { expect, test } from "vitest";
import { useShell } from "../../../renderer/shell/shell-store.ts";

test("a dialog that closes late does not take away the one that was opened since", () => {
  const { show, hide } = useShell.getState();
  show("help");
  show("palette");
  hide("help");
  expect(useShell.getState().overlay).toBe("palette");
  hide("palette");
  expect(useShell.getState().overlay).toBeUndefined();
});
