// The dependency law (docs/Architecture.md): who may import whom. `npm run law` checks it, test/law.test.ts proves
// that each rule really catches its violation.

// base ← accel ← pages ← deltas ← log ← replay: each may import everything to its left.
const chain = ["base", "accel", "pages", "deltas", "log", "replay"];

/** @param {string} last */
const upTo = (last) => chain.slice(0, chain.indexOf(last) + 1);

/**
 * What each engine folder may import besides itself. A folder that is not listed may not exist: its line is written here first.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const engineLaw = {
  base: [],
  accel: upTo("base"),
  pages: upTo("accel"),
  deltas: upTo("pages"),
  log: upTo("deltas"),
  replay: upTo("log"),
  events: ["base"],
  graph: [...upTo("deltas"), "events"],
  device: [...upTo("deltas"), "events"],
  session: [...upTo("replay"), "events", "graph", "device"],
  protocol: ["base"],
  server: [...upTo("replay"), "events", "session", "protocol"],
  cli: [...upTo("replay"), "events", "session", "server"],
};

const engineRules = Object.entries(engineLaw).map(([folder, allowed]) => ({
  name: `engine-${folder}`,
  comment: `engine/${folder} may import, of the project, only: ${[folder, ...allowed].join(", ")}`,
  severity: /** @type {const} */ ("error"),
  from: { path: `^engine/${folder}/` },
  to: {
    path: "^(engine|renderer|electron|test|native)/",
    pathNot: `^engine/(${[folder, ...allowed].join("|")})/`,
  },
}));

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    ...engineRules,
    {
      name: "engine-folder-without-law",
      comment: "every engine folder has a line in .dependency-cruiser.mjs that says what it may import",
      severity: "error",
      from: { path: "^engine/[^/]+/", pathNot: `^engine/(${Object.keys(engineLaw).join("|")})/` },
      to: {},
    },
    {
      name: "engine-entry",
      comment:
        "engine/index.ts is the public API: it gathers engine folders, never the command line or the server",
      severity: "error",
      from: { path: "^engine/[^/]+$" },
      to: { path: "^(renderer|electron|test|native|engine/(cli|server))/" },
    },
    {
      name: "renderer-only-protocol",
      comment: "the page talks to the engine through engine/protocol; it may also use engine/base",
      severity: "error",
      from: { path: "^renderer/" },
      to: { path: "^(engine|electron|test|native)/", pathNot: "^engine/(protocol|base)/" },
    },
    {
      name: "panels-are-islands",
      comment: "a panel never imports another panel; the shell finds them through its registry",
      severity: "error",
      from: { path: "^renderer/panels/([^/]+)/" },
      to: { path: "^renderer/panels/", pathNot: "^renderer/panels/$1/" },
    },
    {
      name: "electron-only-engine",
      comment: "the desktop shell imports the engine and nothing else of the project",
      severity: "error",
      from: { path: "^electron/" },
      to: { path: "^(renderer|test|native)/" },
    },
    {
      name: "electron-package-only-in-electron",
      comment: "requiring `electron` downloads its binary: only electron/ may name it",
      severity: "error",
      from: { pathNot: "^(electron|test/electron)/" },
      to: { path: "(^electron$|node_modules/electron(/|$))" },
    },
    {
      name: "electron-tests-use-its-types-only",
      comment: "tests of the desktop shell put a stand-in in the place of `electron`; its types they may use",
      severity: "error",
      from: { path: "^test/electron/" },
      to: { path: "(^electron$|node_modules/electron(/|$))", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "portable-code-has-no-node",
      comment: "engine/base and engine/protocol run anywhere, the renderer runs in a page: no Node builtins",
      severity: "error",
      from: { path: "^(engine/(base|protocol)|renderer)/" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "base-stands-alone",
      comment: "engine/base imports no package",
      severity: "error",
      from: { path: "^engine/base/" },
      to: { path: "node_modules/" },
    },
    {
      name: "tests-stay-outside",
      comment: "nothing that ships imports a test or a tool",
      severity: "error",
      from: { path: "^(engine|renderer|electron)/" },
      to: { path: "^(test|\\.tools)/" },
    },
    {
      name: "no-development-packages",
      comment:
        "what ships may only import packages listed under dependencies (electron and the page's build aside)",
      severity: "error",
      from: { path: "^(engine|electron)/" },
      to: {
        dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"],
        pathNot: "node_modules/electron(/|$)",
      },
    },
    {
      name: "no-cycles",
      comment: "imports (of types too) never go in circles",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "no-unresolvable",
      comment: "every import leads to a file, a package or a Node builtin",
      severity: "error",
      from: {},
      to: { couldNotResolve: true, pathNot: "^virtual:" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "\\.css$" },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "types", "default"],
      extensions: [".ts", ".tsx", ".mjs", ".js", ".json", ".d.ts"],
    },
  },
};
