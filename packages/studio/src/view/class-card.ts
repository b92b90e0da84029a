import type { PictureClass } from "../project/project.ts";
import { cameraBox } from "./camera-box.ts";
import { drawingBox } from "./drawing-box.ts";
import { dropZone } from "./drop-zone.ts";
import { h, setText, show } from "./h.ts";
import { type Context, colourOf, nameOf } from "./part.ts";
import { onTyped } from "./on-typed.ts";
import { thumbnailList } from "./thumbnail-list.ts";

/** A class with its name, its pictures, and the ways to add more. */
export interface ClassCard {
  readonly element: HTMLElement;
  update(of: PictureClass, place: number, ids: readonly string[]): void;
}

/** Files per command. The page shows them as they arrive. */
const CHUNK = 8;

export function classCard(context: Context, id: string): ClassCard {
  const { client, texts, attempt, announce } = context;
  let [shown, count] = ["", 0];
  const name = h("input", { class: "name", "aria-label": texts.className, maxlength: 60, autocomplete: "off" });
  const counter = h("span", { class: "count" });
  const remove = h("button", { type: "button", class: "quiet icon" }, "×");
  const empty = h("p", { class: "empty" }, texts.noPictures);
  const files = h("input", { type: "file", accept: "image/*", multiple: true, hidden: true });
  const choose = h("button", { type: "button" }, texts.choosePictures);
  const camera = h("button", { type: "button" }, texts.useCamera);
  const draw = h("button", { type: "button" }, texts.draw);
  const reading = h("p", { class: "hint", hidden: true }, texts.reading);
  const buttons = h("div", { class: "row" }, choose, camera, draw, files);
  const list = thumbnailList(context);
  const element = h(
    "li",
    { class: "card class" },
    h("div", { class: "class-head" }, h("span", { class: "dot", "aria-hidden": "true" }), name, counter, remove),
    list.element,
    empty,
    reading,
    buttons,
  );
  const add = async (chosen: readonly File[]): Promise<void> => {
    show(reading, true);
    const refused: string[] = [];
    for (let from = 0; from < chosen.length; from += CHUNK) {
      const part = { classId: id, files: chosen.slice(from, from + CHUNK) };
      const added = await attempt(client.call("addPictures", part));
      if (!added) break;
      refused.push(...added.refused);
    }
    show(reading, false);
    if (refused.length > 0) announce(texts.refused(refused));
  };
  onTyped(name, (value) => attempt(client.call("renameClass", { id, name: value })));
  remove.addEventListener("click", () => {
    if (count === 0 || confirm(texts.reallyRemoveClass(shown, count))) void attempt(client.call("removeClass", id));
  });
  choose.addEventListener("click", () => files.click());
  files.addEventListener("change", () => {
    const chosen = [...(files.files ?? [])];
    files.value = "";
    void add(chosen);
  });
  /** Shows a camera or a sheet in place of the buttons until it is closed. */
  const openBox = (button: HTMLElement, box: typeof cameraBox): void => {
    show(buttons, false);
    element.append(
      box(context, id, () => {
        show(buttons, true);
        button.focus();
      }),
    );
  };
  camera.addEventListener("click", () => openBox(camera, cameraBox));
  draw.addEventListener("click", () => {
    openBox(draw, drawingBox);
    element.querySelector("canvas")?.focus();
  });
  dropZone(element, (groups) => void add(groups.flatMap((group) => group.files)));
  return {
    element,
    update(of, place, ids) {
      shown = nameOf(of.name, place, texts);
      count = ids.length;
      element.className = `card class ${colourOf(place)}`;
      if (!name.matches(":focus")) name.value = of.name;
      name.placeholder = texts.classNumber(place + 1);
      setText(counter, count === 0 ? "" : texts.pictures(count));
      remove.setAttribute("aria-label", texts.removeClass(shown));
      remove.title = texts.removeClass(shown);
      show(empty, count === 0);
      list.update(ids);
    },
  };
}
