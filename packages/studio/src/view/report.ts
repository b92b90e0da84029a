import type { PictureClass, Result } from "../project/project.ts";
import { h, show } from "./h.ts";
import { type Context, nameOf, type Part } from "./part.ts";

/** Says how good the trained model is, and on which pictures it is wrong. */
export function report(context: Context): Part {
  const { client, texts, attempt, announce } = context;
  const content = h("div");
  const undo = h("button", { type: "button", class: "quiet" }, texts.undo);
  const element = h(
    "section",
    { class: "card", "aria-labelledby": "result", hidden: true },
    h("div", { class: "section-head" }, h("h2", { id: "result" }, texts.result), undo),
    content,
  );
  let shown: Result | undefined;
  undo.addEventListener("click", async () => {
    await attempt(client.call("undo"));
    announce(texts.undone);
  });
  return {
    element,
    update({ result, canUndo, project }) {
      show(element, result !== undefined);
      show(undo, canUndo);
      if (!result || JSON.stringify(result) === JSON.stringify(shown)) return;
      shown = result;
      const named = (id: string): string => {
        const place = project.classes.findIndex((one) => one.id === id);
        const { name = "" } = project.classes[place] ?? result.classes.find((one) => one.id === id) ?? {};
        return nameOf(name, place, texts);
      };
      content.replaceChildren(...scoreOf(result, context), ...mistakesOf(result, context, named));
      if (result.confusion.flat().some((count) => count > 0)) content.append(tableOf(result, context, named));
    },
  };
}

function scoreOf({ confusion }: Result, { texts }: Context): readonly HTMLElement[] {
  const all = confusion.flat().reduce((sum, count) => sum + count, 0);
  const right = confusion.reduce((sum, row, i) => sum + (row[i] ?? 0), 0);
  if (all === 0) return [h("p", { class: "hint" }, texts.noScore)];
  return [h("p", { class: "score" }, h("strong", {}, texts.score(right, all)), ` ${texts.scoreHint}`)];
}

/** Pictures that are shown as mistakes. */
const MOST = 12;

function mistakesOf(
  { wrong }: Result,
  { texts, thumbnails }: Context,
  named: (id: string) => string,
): readonly HTMLElement[] {
  if (wrong.length === 0) return [];
  const items = wrong.slice(0, MOST).map(({ id, classId, answer }) => {
    const text = texts.mistake(named(classId), named(answer));
    const image = h("img", { alt: text, title: text, width: 56, height: 56 });
    thumbnails.fill(image, id);
    return h("li", {}, image, h("span", { class: "caption", "aria-hidden": "true" }, named(answer)));
  });
  return [h("h3", {}, texts.mistakes), h("ul", { class: "thumbnails mistakes" }, ...items)];
}

function tableOf({ confusion, classes }: Result, { texts }: Context, named: (id: string) => string): HTMLElement {
  const head = (of: PictureClass, scope: string): HTMLElement => h("th", { scope }, named(of.id));
  const rows = classes.map((one, i) =>
    h(
      "tr",
      {},
      head(one, "row"),
      ...(confusion[i] ?? []).map((count, j) => h("td", { class: i === j ? "right" : "" }, String(count))),
    ),
  );
  return h(
    "details",
    {},
    h("summary", {}, texts.table),
    h("p", { class: "hint" }, texts.tableHint),
    h(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": texts.table },
      h(
        "table",
        {},
        h("thead", {}, h("tr", {}, h("td"), ...classes.map((one) => head(one, "col")))),
        h("tbody", {}, ...rows),
      ),
    ),
  );
}
