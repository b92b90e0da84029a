import { h, setText, show } from "./h.ts";
import type { Context } from "./part.ts";

/** Pictures that are shown until the user asks for all. */
const FEW = 14;

/** The small pictures of a class. A button on each removes it. */
export function thumbnailList({ client, texts, thumbnails, attempt }: Context): {
  readonly element: HTMLElement;
  update(ids: readonly string[]): void;
} {
  const items = new Map<string, HTMLLIElement>();
  const list = h("ul", { class: "thumbnails" });
  const more = h("button", { type: "button", class: "quiet", "aria-expanded": "false" });
  let all = false;
  let latest: readonly string[] = [];
  const itemOf = (id: string, number: number): HTMLLIElement => {
    const known = items.get(id);
    if (known) return known;
    const image = h("img", { alt: "", width: 56, height: 56, loading: "lazy", decoding: "async" });
    thumbnails.fill(image, id);
    const label = texts.removePicture(number);
    const remove = h("button", { type: "button", class: "remove", "aria-label": label, title: label }, "×");
    remove.addEventListener("click", () => attempt(client.call("removePicture", id)));
    const item = h("li", {}, image, remove);
    items.set(id, item);
    return item;
  };
  const update = (ids: readonly string[]): void => {
    latest = ids;
    // The newest picture comes first, so that it is seen when it arrives.
    const newest = ids.map((id, i) => ({ id, number: i + 1 })).reverse();
    const shown = all ? newest : newest.slice(0, FEW);
    const wanted = new Set(shown.map(({ id }) => id));
    for (const [id, item] of items) {
      if (wanted.has(id)) continue;
      item.remove();
      items.delete(id);
    }
    shown.forEach(({ id, number }, i) => {
      const item = itemOf(id, number);
      if (list.children[i] !== item) list.insertBefore(item, list.children[i] ?? null);
    });
    show(list, ids.length > 0);
    show(more, ids.length > FEW);
    setText(more, all ? texts.showFewer : texts.showAll(ids.length));
  };
  more.addEventListener("click", () => {
    all = !all;
    more.setAttribute("aria-expanded", String(all));
    update(latest);
  });
  return { element: h("div", {}, list, more), update };
}
