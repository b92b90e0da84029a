import { type DroppedFiles, droppedFiles } from "../page/dropped-files.ts";

/** Makes an element accept dropped files and folders. It has the style class `dropping` while files are above it. */
export function dropZone(element: HTMLElement, dropped: (groups: readonly DroppedFiles[]) => void): void {
  let depth = 0;
  const mark = (change: number): void => {
    depth = Math.max(0, depth + change);
    element.classList.toggle("dropping", depth > 0);
  };
  const isFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
  element.addEventListener("dragenter", (event) => isFiles(event) && mark(1));
  element.addEventListener("dragleave", (event) => isFiles(event) && mark(-1));
  element.addEventListener("dragover", (event) => isFiles(event) && event.preventDefault());
  element.addEventListener("drop", (event) => {
    if (!isFiles(event) || !event.dataTransfer) return;
    event.preventDefault();
    // A card lies within the list of classes, which accepts drops too.
    event.stopPropagation();
    depth = 0;
    element.classList.remove("dropping");
    void droppedFiles(event.dataTransfer).then(dropped);
  });
}
