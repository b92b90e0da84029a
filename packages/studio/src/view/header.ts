import { download, fileName } from "../page/download.ts";
import { h, show } from "./h.ts";
import { onTyped } from "./on-typed.ts";
import type { Context, Part } from "./part.ts";

/** The name of the project, and what can be done with the whole of it. */
export function header({ client, texts, attempt, announce }: Context): Part {
  const name = h("input", {
    class: "project-name",
    "aria-label": texts.projectName,
    placeholder: texts.untitled,
    maxlength: 60,
    autocomplete: "off",
  });
  const save = h("button", { type: "button" }, texts.saveProject);
  const open = h("button", { type: "button" }, texts.openProject);
  const base = h("button", { type: "button" }, texts.chooseBase);
  const firstBase = h("button", { type: "button", hidden: true }, texts.firstBase);
  const baseFiles = h("input", { type: "file", accept: ".json,.bin", multiple: true, hidden: true });
  const over = h("button", { type: "button" }, texts.startOver);
  const file = h("input", { type: "file", accept: ".graft-project", hidden: true });
  const menu = h(
    "details",
    { class: "menu" },
    h("summary", {}, texts.more),
    h("div", { class: "menu-items" }, save, open, base, firstBase, over, file, baseFiles),
  );
  const element = h("header", {}, h("div", {}, name, h("p", { class: "hint" }, texts.private)), menu);
  let trained = false;
  const done = (): void => {
    menu.open = false;
  };
  onTyped(name, (value) => attempt(client.call("renameProject", value)));
  save.addEventListener("click", async () => {
    done();
    const project = await attempt(client.call("exportProject"));
    if (project) download(project, fileName(name.value || texts.untitled, ".graft-project"));
  });
  open.addEventListener("click", () => file.click());
  file.addEventListener("change", async () => {
    done();
    const [chosen] = file.files ?? [];
    file.value = "";
    if (!chosen) return;
    const opened = client.call("importProject", chosen).then(() => true);
    if (await attempt(opened)) announce(texts.projectOpened);
  });
  const useBase = async (files: readonly File[] | undefined): Promise<void> => {
    if (trained && !confirm(texts.reallyChangeBase)) return;
    const used = client.call("useBase", files).then(() => true);
    if (await attempt(used)) announce(texts.baseChanged);
  };
  base.addEventListener("click", () => baseFiles.click());
  baseFiles.addEventListener("change", () => {
    done();
    const chosen = [...(baseFiles.files ?? [])];
    baseFiles.value = "";
    if (chosen.length > 0) void useBase(chosen);
  });
  firstBase.addEventListener("click", () => {
    done();
    void useBase(undefined);
  });
  over.addEventListener("click", async () => {
    done();
    if (!confirm(texts.reallyStartOver)) return;
    await attempt(client.call("clear"));
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    done();
    menu.querySelector("summary")?.focus();
  });
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget instanceof Node && !menu.contains(event.relatedTarget)) done();
  });
  return {
    element,
    update({ project, result, training, ownBase }) {
      trained = result !== undefined || training !== undefined;
      show(firstBase, ownBase);
      if (!name.matches(":focus")) name.value = project.name;
    },
  };
}
