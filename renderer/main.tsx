import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { assert } from "../engine/base/assert.ts";
import { followDoorKeys, takeDoorKeys } from "./client/door-keys.ts";
import { enginePort } from "./client/engine-port.ts";
import { Studio } from "./client/studio.ts";
import { App } from "./shell/app.tsx";
import { followTheme } from "./ui/theme.ts";
import "dockview-react/dist/styles/dockview.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./ui/ui.css";

const root = document.getElementById("root");
assert(root !== null, "index.html has a #root");
followTheme();
const keys = takeDoorKeys(window);
followDoorKeys(window);
const studio = new Studio(enginePort(keys.token), keys.open);
studio.start();
createRoot(root).render(
  <StrictMode>
    <App studio={studio} />
  </StrictMode>,
);
