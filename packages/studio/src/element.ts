import { connectStudio, type StudioClient } from "./page/client.ts";
import { StudioError } from "./protocol.ts";
import { de } from "./texts/de.ts";
import { en, type Texts } from "./texts/en.ts";
import { classes } from "./view/classes.ts";
import { h, setText, show } from "./view/h.ts";
import { header } from "./view/header.ts";
import type { Context, Part } from "./view/part.ts";
import { report } from "./view/report.ts";
import { styles } from "./view/styles.ts";
import { createThumbnails } from "./view/thumbnails.ts";
import { training } from "./view/training.ts";
import { tryIt } from "./view/try-it.ts";
import { useModel } from "./view/use-model.ts";

export interface DefineStudioOptions {
  /** Starts a Worker whose module calls `serveStudio`. */
  readonly createWorker: () => Worker;
  /** URL of the `model.json` to start from. The attribute `base` of an element takes its place. */
  readonly base: string;
  /** Layer of this base that the new head reads. @default the layer before the last layer with parameters */
  readonly after?: string;
  /** Texts by language. They are added to English and German. @default none */
  readonly texts?: Readonly<Record<string, Texts>>;
}

/**
 * Defines the element `<graft-studio>`. Its attributes are `project`, the name under which the browser stores the work (default:
 * "default"), `lang` (default: the language of the document), `base`, and `backend`, the only backend to use (default: the first one that can train).
 * Calling it twice has no effect.
 */
export function defineStudio(options: DefineStudioOptions): void {
  if (customElements.get("graft-studio")) return;
  customElements.define(
    "graft-studio",
    class extends HTMLElement {
      #client: StudioClient | undefined;
      connectedCallback(): void {
        const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(styles);
        root.adoptedStyleSheets = [sheet];
        this.#client = start(this, root, options);
      }
      disconnectedCallback(): void {
        this.#client?.close();
        this.#client = undefined;
      }
    },
  );
}

/** Builds the page and opens the project. */
function start(element: HTMLElement, root: ShadowRoot, options: DefineStudioOptions): StudioClient {
  const texts = textsFor(element, options.texts);
  const opening = h("p", { class: "opening", role: "status" }, texts.opening);
  const message = h("p", { class: "message", role: "alert", hidden: true });
  let parts: readonly Part[] = [];
  let timer = 0;
  const announce = (text: string): void => {
    setText(message, text);
    show(message, text !== "");
    clearTimeout(timer);
    timer = window.setTimeout(() => announce(""), 8000);
  };
  const explain = (error: unknown): void => {
    console.error(error);
    announce(texts.errors[error instanceof StudioError ? error.code : "unknown"]);
  };
  const attempt = async <T>(work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work;
    } catch (error) {
      explain(error);
      return undefined;
    }
  };
  const client = connectStudio(
    options.createWorker(),
    (state) => {
      show(opening, false);
      thumbnails.keepOnly(new Set(Object.values(state.pictures).flat()));
      for (const part of parts) part.update(state);
    },
    explain,
  );
  const thumbnails = createThumbnails(client);
  const context: Context = { client, texts, thumbnails, announce, attempt };
  const [top, teach, train, test, score, use] = [header, classes, training, tryIt, report, useModel].map((make) =>
    make(context),
  ) as [Part, Part, Part, Part, Part, Part];
  parts = [top, teach, train, test, score, use];
  const side = h("div", { class: "side" }, train.element, test.element, score.element, use.element);
  const main = h("div", { class: "columns" }, teach.element, side);
  root.replaceChildren(h("div", { class: "studio" }, top.element, opening, main, message));
  void open(client, element, options).catch((error) => {
    setText(opening, texts.errors[error instanceof StudioError ? error.code : "unknown"]);
    console.error(error);
  });
  return client;
}

async function open(
  client: StudioClient,
  element: HTMLElement,
  { base: given, after }: DefineStudioOptions,
): Promise<void> {
  const own = element.getAttribute("base");
  const base = new URL(own ?? given, document.baseURI).href;
  const layer = own === null && after !== undefined ? { after } : {};
  const backend = element.getAttribute("backend");
  const only = backend === null ? {} : { backend };
  await client.call("open", { project: element.getAttribute("project") ?? "default", base, ...layer, ...only });
}

function textsFor(element: HTMLElement, more: Readonly<Record<string, Texts>> = {}): Texts {
  const all: Readonly<Record<string, Texts>> = { en, de, ...more };
  const language = element.closest("[lang]")?.getAttribute("lang") || navigator.language;
  return all[language] ?? all[language.split("-")[0] as string] ?? en;
}
