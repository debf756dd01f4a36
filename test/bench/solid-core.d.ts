/** The reactive core as a browser gets it: the package's entry for Node is the server build, which does not react. */
declare module "solid-js/dist/solid.js" {
  export * from "solid-js";
}
