/**
 * Dropped files: the content of a drop or a file dialogue. Folders are opened; of several files,
 * only music is kept.
 */

import { isMusicName } from "../pkg/shared/music-files.js";

/** @typedef {{ file: File, folder: string }} FoundFile */
/**
 * @typedef {{ songs: FoundFile[], leftOut: number, isFolder: boolean, isText?: boolean }} Found
 *   `isText`: text, such as a link, and not a file
 */

/**
 * Must be called while the drop event is handled: afterwards its items are gone.
 * @param {DataTransfer | null} data
 * @returns {Promise<Found>}
 */
export async function droppedFiles(data) {
  const items = [...(data?.items ?? [])].filter(({ kind }) => kind === "file");
  const entries = items.map((item) => item.webkitGetAsEntry?.() ?? undefined);
  const files = items.map((item) => item.getAsFile());
  const isFolder = entries.some((entry) => entry?.isDirectory);
  const found = await Promise.all(
    entries.map(async (entry, index) => {
      if (entry?.isDirectory) return filesUnder(/** @type {FileSystemDirectoryEntry} */ (entry));
      const file = files[index];
      return file ? [{ file, folder: "" }] : [];
    }),
  );
  const isText = items.length === 0 && Boolean(data?.items.length);
  return { ...musicAmong(found.flat(), isFolder), isText };
}

/** @param {HTMLInputElement} input @returns {Found} */
export function chosenFiles(input) {
  const files = [...(input.files ?? [])].map((file) => ({
    file,
    folder: file.webkitRelativePath.replace(/\/?[^/]*$/, ""),
  }));
  return musicAmong(files, input.webkitdirectory);
}

/**
 * A single file is always kept, so that an error can name it; of several, those that can't be music
 * are left out.
 * @param {FoundFile[]} files
 * @param {boolean} isFolder
 * @returns {Found}
 */
function musicAmong(files, isFolder) {
  if (files.length < 2 && !isFolder) return { songs: files, leftOut: 0, isFolder };
  const songs = files.filter(
    ({ file }) => !file.name.startsWith(".") && (/^(audio|video)\//.test(file.type) || isMusicName(file.name)),
  );
  const byPlace = new Intl.Collator(undefined, { numeric: true });
  if (isFolder) songs.sort((a, b) => byPlace.compare(`${a.folder}/${a.file.name}`, `${b.folder}/${b.file.name}`));
  return { songs, leftOut: files.length - songs.length, isFolder };
}

/** @param {FileSystemDirectoryEntry} folder @returns {Promise<FoundFile[]>} */
async function filesUnder(folder) {
  const found = [];
  for (const entry of await entriesOf(folder)) {
    if (entry.isDirectory) found.push(...(await filesUnder(/** @type {FileSystemDirectoryEntry} */ (entry))));
    else {
      const file = await fileOf(/** @type {FileSystemFileEntry} */ (entry));
      if (file) found.push({ file, folder: folder.fullPath.replace(/^\//, "") });
    }
  }
  return found;
}

/**
 * A reader returns the entries in batches, the last of which is empty.
 * @param {FileSystemDirectoryEntry} folder
 */
async function entriesOf(folder) {
  const reader = folder.createReader();
  /** @type {FileSystemEntry[]} */
  const entries = [];
  for (;;) {
    const batch = await new Promise((/** @type {(entries: FileSystemEntry[]) => void} */ resolve) =>
      reader.readEntries(resolve, () => resolve([])),
    );
    if (batch.length === 0) return entries;
    entries.push(...batch);
  }
}

/**
 * @param {FileSystemFileEntry} entry
 * @returns {Promise<File | undefined>} `undefined` for one that can't be read
 */
function fileOf(entry) {
  return new Promise((resolve) => entry.file(resolve, () => resolve(undefined)));
}
