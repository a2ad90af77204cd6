/** The page about embedding: copy buttons, and one listener as the snippet shows it. */

for (const button of document.querySelectorAll(".copy")) {
  button.addEventListener("click", async () => {
    const code = button.parentElement?.querySelector("code");
    if (!code) return;
    try {
      await navigator.clipboard.writeText(code.textContent ?? "");
      button.textContent = "Copied";
    } catch {
      // Without HTTPS, or without the visitor's permission, a page can't copy.
      getSelection()?.selectAllChildren(code);
      button.textContent = "Selected";
    }
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
}

document.querySelector("#fixed")?.addEventListener("soundalike-report", (event) => {
  const output = document.querySelector("#last-verdict");
  if (output) output.textContent = /** @type {CustomEvent} */ (event).detail.verdict;
});
