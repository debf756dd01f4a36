import type { JSX } from "react";
import { usePreferences } from "../state/preferences-store.ts";
import { IconButton } from "../ui/button.tsx";

/** Whether tables keep the cursor's row in sight. */
export function FollowCursorButton(): JSX.Element {
  const follow = usePreferences((state) => state.followCursor);
  const setPreferences = usePreferences((state) => state.set);
  return (
    <IconButton
      small
      icon="target"
      label="Follow the cursor"
      pressed={follow}
      onClick={() => setPreferences({ followCursor: !follow })}
    />
  );
}
