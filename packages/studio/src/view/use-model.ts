import { download, fileName } from "../page/download.ts";
import { h, show } from "./h.ts";
import type { Context, Part } from "./part.ts";

/** Downloads of the trained model. */
export function useModel({ client, texts, attempt }: Context): Part {
  let name = "";
  const save = (kind: "delta" | "model", ending: string, label: string, hint: string): HTMLElement => {
    const button = h("button", { type: "button" }, label);
    button.addEventListener("click", async () => {
      const file = await attempt(client.call("exportModel", kind));
      if (file) download(file, fileName(name || texts.untitled, ending));
    });
    return h("div", { class: "download" }, button, h("p", { class: "hint" }, hint));
  };
  const element = h(
    "section",
    { class: "card", "aria-labelledby": "use", hidden: true },
    h("h2", { id: "use" }, texts.useModel),
    save("model", ".zip", texts.downloadModel, texts.downloadModelHint),
    save("delta", ".safetensors", texts.downloadDelta, texts.downloadDeltaHint),
  );
  return {
    element,
    update({ project, result }) {
      name = project.name;
      show(element, result !== undefined);
    },
  };
}
