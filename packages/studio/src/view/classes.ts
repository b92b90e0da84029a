import { type ClassCard, classCard } from "./class-card.ts";
import { dropZone } from "./drop-zone.ts";
import { h } from "./h.ts";
import type { Context, Part } from "./part.ts";
import type { StudioState } from "../protocol.ts";

/** The list of classes. A dropped folder becomes a class of its name. */
export function classes(context: Context): Part {
  const { client, texts, attempt } = context;
  const cards = new Map<string, ClassCard>();
  const list = h("ul", { class: "cards" });
  const add = h("button", { type: "button", class: "add" }, h("span", { "aria-hidden": "true" }, "+"), texts.addClass);
  const element = h(
    "section",
    { "aria-labelledby": "teach" },
    h("h2", { id: "teach" }, texts.classes),
    h("p", { class: "hint" }, texts.classesHint),
    list,
    add,
  );
  let latest: StudioState | undefined;
  let focusLast = false;
  add.addEventListener("click", () => {
    focusLast = true;
    void attempt(client.call("addClass", ""));
  });
  dropZone(element, async (groups) => {
    for (const { folder, files } of groups) {
      if (folder === undefined) continue;
      const name = folder.slice(0, 60);
      const named = (): string | undefined => latest?.project.classes.find((one) => one.name === name)?.id;
      const unnamed = latest?.project.classes.find(
        (one) => one.name === "" && (latest?.pictures[one.id]?.length ?? 0) === 0,
      );
      if (named() === undefined) {
        const renamed = unnamed && client.call("renameClass", { id: unnamed.id, name });
        await attempt(renamed ?? client.call("addClass", name));
        await until(() => named() !== undefined);
      }
      for (let from = 0; from < files.length; from += 8) {
        const part = { classId: named() as string, files: files.slice(from, from + 8) };
        await attempt(client.call("addPictures", part));
      }
    }
  });
  return {
    element,
    update(state) {
      latest = state;
      const ids = new Set(state.project.classes.map(({ id }) => id));
      for (const [id, card] of cards) {
        if (ids.has(id)) continue;
        card.element.remove();
        cards.delete(id);
      }
      state.project.classes.forEach((one, place) => {
        const card = cards.get(one.id) ?? classCard(context, one.id);
        const isNew = !cards.has(one.id);
        cards.set(one.id, card);
        if (list.children[place] !== card.element) list.insertBefore(card.element, list.children[place] ?? null);
        card.update(one, place, state.pictures[one.id] ?? []);
        if (isNew && focusLast) {
          card.element.querySelector("input")?.focus();
          focusLast = false;
        }
      });
    },
  };
}

/** Waits until the Worker's next states show a change, two seconds at most. */
async function until(done: () => boolean): Promise<void> {
  for (let i = 0; i < 100 && !done(); i++) await new Promise((resolve) => setTimeout(resolve, 20));
}
