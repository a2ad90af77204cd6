/** Public errors: turns errors of the engine and the browser into the `CheckerError` of callers. */

import { CheckerError, isErrorCode } from "../shared/errors.js";
import { EngineError } from "./worker-link.js";

/** @import { Backend } from "./protocol.js" */

export function closedError() {
  return new CheckerError("aborted", "The checker was closed.");
}

/** @param {unknown} cause */
export function sandboxError(cause) {
  const sentence = "The sandbox of this frame forbids the engine: the page around it must give it allow-same-origin.";
  return new CheckerError("unsupported-browser", sentence, { cause });
}

/**
 * @param {unknown} error
 * @param {Backend | undefined} backend the one in use
 * @returns {CheckerError}
 */
export function publicError(error, backend) {
  if (error instanceof CheckerError) return error;
  if (error instanceof EngineError) {
    if (error.code === "backend-unavailable") {
      const sentence =
        backend === "cpu"
          ? "The engine’s self-test fails: this browser computes wrongly, or the weights are not for this engine."
          : "WebGPU does not work in this browser. The CPU does the same.";
      return new CheckerError("unsupported-browser", sentence, { cause: error });
    }
    if (error.code === "weights-invalid") {
      return new CheckerError("weights-invalid", "The model’s weights are damaged or belong to another version.", {
        cause: error,
      });
    }
    if (isErrorCode(error.code)) return new CheckerError(error.code, error.message, { cause: error });
  }
  // JavaScript throws it if there is no memory for an array.
  if (error instanceof RangeError) {
    return new CheckerError("crashed", "There was not enough memory. Close other tabs, or take shorter songs.", {
      cause: error,
    });
  }
  return new CheckerError("crashed", "The engine stopped unexpectedly. The next check starts it afresh.", {
    cause: error,
  });
}
