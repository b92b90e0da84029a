/** Pictures that were dropped, with the name of their folder. */
export interface DroppedFiles {
  /** Undefined for files outside a folder. */
  readonly folder: string | undefined;
  readonly files: readonly File[];
}

/** Most files that are read from dropped folders. */
const MOST = 5000;

/** Reads dropped files and folders. Each folder that holds files becomes one group. Call it before the event ends. */
export async function droppedFiles(data: DataTransfer): Promise<readonly DroppedFiles[]> {
  // The list is emptied when the event ends.
  const entries = [...data.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const loose = entries.length === 0 ? [...data.files] : [];
  const groups = new Map<string | undefined, File[]>(loose.length > 0 ? [[undefined, loose]] : []);
  let count = 0;
  const visit = async (entry: FileSystemEntry, folder: string | undefined): Promise<void> => {
    if (count >= MOST || entry.name.startsWith(".")) return;
    if (entry.isFile) {
      count++;
      const files = groups.get(folder) ?? [];
      files.push(await fileOf(entry as FileSystemFileEntry));
      groups.set(folder, files);
      return;
    }
    for (const inner of await entriesOf(entry as FileSystemDirectoryEntry)) await visit(inner, entry.name);
  };
  for (const entry of entries) await visit(entry, undefined);
  return [...groups].map(([folder, files]) => ({ folder, files }));
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

/** Reads a folder. The reader returns at most a hundred entries at a time. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<readonly FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all.sort((a, b) => a.name.localeCompare(b.name));
    all.push(...some);
  }
}
