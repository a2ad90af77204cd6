/** Browser history: an opened report is an entry of its own, so that the Back button closes it. */

/** Fragment of the address at the present entry: links within the page make entries, too. */
let fragment = location.hash;

export function pushReportEntry() {
  history.pushState({ isReport: true }, "");
}

/**
 * @param {(isReport: boolean) => void} onEntry Back or Forward led to another entry, `isReport` if
 *   `pushReportEntry` made it
 */
export function watchEntries(onEntry) {
  addEventListener("popstate", ({ state }) => {
    const isWithinEntry = location.hash !== fragment;
    fragment = location.hash;
    if (isWithinEntry) return;
    onEntry(Boolean(state?.isReport));
  });
}
