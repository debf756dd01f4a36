/** The version of MMSB, as recordings and the command line say it. Kept equal to the package's by a test. */
export const MMSB_VERSION = "0.1.0";
