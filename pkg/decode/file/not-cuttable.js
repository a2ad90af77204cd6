/** Not cuttable: the reason why a file can't be cut into chunks and is decoded at once. */

/** Stays inside the package. The message is logged at debug level. */
export class NotCuttable extends Error {
  /** @override @type {string} */
  name = "NotCuttable";
  /**
   * Where another file begins, which was joined and whose sound the browser would leave out; 0 if
   * there is none.
   */
  joinedAt = 0;
}
