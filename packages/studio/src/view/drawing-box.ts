import { h } from "./h.ts";
import type { Context } from "./part.ts";
import { drawingPad } from "./drawing-pad.ts";

/** A sheet to draw on. A button adds the drawing to the class as a picture and clears the sheet for the next one. */
export function drawingBox(context: Context, classId: string, closed: () => void): HTMLElement {
  const { client, texts, attempt } = context;
  const add = h("button", { type: "button", class: "primary", disabled: true }, texts.addDrawing);
  const clear = h("button", { type: "button", disabled: true }, texts.clearDrawing);
  const close = h("button", { type: "button" }, texts.closeDrawing);
  const pad = drawingPad(texts, (empty) => {
    add.disabled = empty;
    clear.disabled = empty;
  });
  const element = h(
    "div",
    { class: "drawing" },
    pad.element,
    h("p", { class: "hint" }, texts.drawingHint),
    h("div", { class: "row" }, add, clear, close),
  );
  add.addEventListener("click", async () => {
    const frame = await pad.frame();
    pad.clear();
    pad.element.focus();
    await attempt(client.call("addFrame", { classId, frame }));
  });
  clear.addEventListener("click", () => {
    pad.clear();
    pad.element.focus();
  });
  close.addEventListener("click", () => {
    element.remove();
    closed();
  });
  return element;
}
