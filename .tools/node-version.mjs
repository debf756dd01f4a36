// Imported first by every script: on a Node that is too old it says so in one line instead of failing on newer syntax.
const floorMajor = 20;
const floorMinor = 19;
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major < floorMajor || (major === floorMajor && minor < floorMinor)) {
  process.stderr.write(
    `mmsb needs Node ${floorMajor}.${floorMinor} or newer; this is ${process.versions.node}. Get one from https://nodejs.org and try again.\n`,
  );
  process.exit(2);
}
