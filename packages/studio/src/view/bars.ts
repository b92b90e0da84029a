import type { PictureClass } from "../project/project.ts";
import type { Share } from "../protocol.ts";
import { h, setText } from "./h.ts";
import { type Context, colourOf, nameOf } from "./part.ts";

/** A bar with a number for each class. */
export function bars({ texts }: Context): {
  readonly element: HTMLElement;
  update(classes: readonly PictureClass[], shares: readonly Share[]): void;
} {
  const list = h("ul", { class: "bars" });
  const rows = new Map<string, { row: HTMLElement; name: Element; fill: HTMLElement; number: Element }>();
  const rowOf = (id: string): { row: HTMLElement; name: Element; fill: HTMLElement; number: Element } => {
    const name = h("span", { class: "bar-name" });
    const fill = h("span", { class: "bar-fill" });
    const number = h("span", { class: "bar-number" });
    const row = h("li", {}, name, h("span", { class: "bar", "aria-hidden": "true" }, fill), number);
    rows.set(id, { row, name, fill, number });
    return { row, name, fill, number };
  };
  return {
    element: list,
    update(classes, shares) {
      const best = shares.reduce((most, { share }) => Math.max(most, share), 0);
      for (const [id, { row }] of rows) {
        if (classes.some((one) => one.id === id)) continue;
        row.remove();
        rows.delete(id);
      }
      classes.forEach((one, place) => {
        const { row, name, fill, number } = rows.get(one.id) ?? rowOf(one.id);
        const share = shares.find(({ classId }) => classId === one.id)?.share;
        row.className = `${colourOf(place)}${share === best && best > 0 ? " best" : ""}`;
        setText(name, nameOf(one.name, place, texts));
        fill.style.width = `${(share ?? 0) * 100}%`;
        setText(number, share === undefined ? "" : texts.percent(share));
        if (list.children[place] !== row) list.insertBefore(row, list.children[place] ?? null);
      });
    },
  };
}
