import { expect, it } from "vitest";
import { doorFragment } from "../../../engine/protocol/browser-door.ts";
import { type DoorWindow, takeDoorKeys } from "../../../renderer/client/door-keys.ts";

function tab() {
  const stored = new Map<string, string>();
  const visited: string[] = [];
  const opened = (hash: string): DoorWindow => ({
    location: { hash, pathname: "/", search: "?theme=dark" },
    history: { replaceState: (_data, _unused, url) => visited.push(url) },
    sessionStorage: {
      getItem: (key) => stored.get(key) ?? null,
      setItem: (key, value) => stored.set(key, value),
      removeItem: (key) => stored.delete(key),
    },
  });
  return { opened, visited };
}

it("takes token and recording out of the address, which then holds neither", () => {
  const { opened, visited } = tab();
  const keys = { token: "a-token_of.16+chars", open: "/data/run 1.tlog" };
  expect(takeDoorKeys(opened(doorFragment(keys)))).toEqual(keys);
  expect(visited).toEqual(["/?theme=dark"]);
});

it("still knows them when the tab is loaded again", () => {
  const { opened, visited } = tab();
  takeDoorKeys(opened(doorFragment({ token: "first", open: "a.tlog" })));
  expect(takeDoorKeys(opened(""))).toEqual({ token: "first", open: "a.tlog" });
  expect(visited).toHaveLength(1);
});

it("lets a new address replace what the tab knew", () => {
  const { opened } = tab();
  takeDoorKeys(opened(doorFragment({ token: "first", open: "a.tlog" })));
  takeDoorKeys(opened(doorFragment({ token: "second", open: "" })));
  expect(takeDoorKeys(opened(""))).toEqual({ token: "second", open: "" });
});

it("has an empty token where none was ever given", () => {
  expect(takeDoorKeys(tab().opened("#something"))).toEqual({ token: "", open: "" });
});
