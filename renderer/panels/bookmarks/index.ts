import type { PanelDefinition } from "../../shell/panel-definition.ts";
import { bookmarkCommands } from "./bookmark-commands.ts";
import { BookmarksPanel } from "./bookmarks-panel.tsx";

export const bookmarksPanel: PanelDefinition = {
  id: "bookmarks",
  title: "Bookmarks",
  icon: "bookmark",
  component: BookmarksPanel,
  commands: bookmarkCommands,
};
