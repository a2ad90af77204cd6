/** The facts of a check, for the record: the files with their SHA-256, the model, the backend, the time. */

/** @typedef {import("./pkg/index.js").Report} Report */

/** A larger file is not read a second time for its digest. */
const LARGEST_DIGESTED_BYTES = 200e6;

/**
 * @param {HTMLElement} list a `dl`
 * @param {Report} report
 * @param {{ left: File, right: File }} files
 * @param {Date} checkedAt
 */
export async function showFacts(list, report, files, checkedAt) {
  const digests = { left: "…", right: "…" };
  const show = () => {
    /** @type {[string, string][]} */
    const facts = [
      ["Your song", `${report.left.name}, SHA-256 ${digests.left}`],
      ["The other song", `${report.right.name}, SHA-256 ${digests.right}`],
      ["Score", `${report.score.toFixed(4)} (${report.verdict})`],
      ["Model", `${report.model.version}, weights SHA-256 ${report.model.weightsSha256}`],
      ["Computed on", report.backend === "webgpu" ? "WebGPU" : "the CPU"],
      ["Checked", checkedAt.toISOString()],
    ];
    list.replaceChildren(
      ...facts.flatMap(([name, value]) => {
        const term = document.createElement("dt");
        term.textContent = name;
        const description = document.createElement("dd");
        description.textContent = value;
        return [term, description];
      }),
    );
  };
  show();
  for (const side of /** @type {const} */ (["left", "right"])) digests[side] = await sha256(files[side]);
  show();
}

/** @param {File} file @returns {Promise<string>} in hexadecimal */
async function sha256(file) {
  if (file.size > LARGEST_DIGESTED_BYTES || !globalThis.crypto?.subtle) return "not computed";
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
