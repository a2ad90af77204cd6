/** Not cuttable: why a file can't be cut up, so that it is decoded at once. */

/** Never leaves the package: the message is for the console, at the level of debugging. */
export class NotCuttable extends Error {
  /** @override @type {string} */
  name = "NotCuttable";
}
