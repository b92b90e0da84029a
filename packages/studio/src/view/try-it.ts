import { type Camera, openCamera } from "../page/camera.ts";
import type { Share, StudioState } from "../protocol.ts";
import { bars } from "./bars.ts";
import { drawingPad } from "./drawing-pad.ts";
import { dropZone } from "./drop-zone.ts";
import { h, setText, show } from "./h.ts";
import type { Context, Part } from "./part.ts";

/** Milliseconds between two answers for the camera. */
const EVERY = 150;

/** Shows the answers for the camera or for a chosen picture. */
export function tryIt(context: Context): Part {
  const { client, texts, attempt, announce } = context;
  const answers = bars(context);
  const source = h("p", { class: "hint", role: "status" });
  const view = h("div", { class: "try-view", hidden: true });
  const file = h("input", { type: "file", accept: "image/*", hidden: true });
  const choose = h("button", { type: "button" }, texts.aPicture);
  const camera = h("button", { type: "button", "aria-pressed": "false" }, texts.camera);
  const draw = h("button", { type: "button", "aria-pressed": "false" }, texts.draw);
  const buttons = h("div", { class: "row" }, choose, camera, draw, file);
  const element = h(
    "section",
    { class: "card try", "aria-labelledby": "try" },
    h("h2", { id: "try" }, texts.tryIt),
    source,
    view,
    answers.element,
    buttons,
  );
  let latest: StudioState | undefined;
  let shares: readonly Share[] = [];
  let open: Camera | undefined;
  let picture: Blob | undefined;
  let answeredBy = "";
  const answer = async (frame: ImageBitmap): Promise<void> => {
    shares = (await attempt(client.call("classify", frame))) ?? [];
    if (latest) answers.update(latest.project.classes, shares);
  };
  const look = (content: HTMLElement | undefined): void => {
    view.replaceChildren(...(content ? [content] : []));
    show(view, content !== undefined);
  };
  const close = (): void => {
    open?.close();
    open = undefined;
    for (const button of [camera, draw]) button.setAttribute("aria-pressed", "false");
  };
  const isOn = (button: HTMLElement): boolean => button.getAttribute("aria-pressed") === "true";
  const watch = async (now: Camera): Promise<void> => {
    while (open === now) {
      if (document.visibilityState === "visible") await answer(await now.frame());
      await new Promise((resolve) => setTimeout(resolve, EVERY));
    }
  };
  const use = async (chosen: Blob): Promise<void> => {
    const image = h("img", { alt: "", class: "chosen" });
    try {
      const frame = await createImageBitmap(chosen);
      close();
      picture = chosen;
      image.src = URL.createObjectURL(chosen);
      image.onload = () => URL.revokeObjectURL(image.src);
      look(image);
      await answer(frame);
    } catch {
      announce(texts.refused([chosen instanceof File ? chosen.name : ""]));
    }
  };
  choose.addEventListener("click", () => file.click());
  file.addEventListener("change", () => {
    const [chosen] = file.files ?? [];
    file.value = "";
    if (chosen) void use(chosen);
  });
  camera.addEventListener("click", async () => {
    if (open) {
      close();
      return look(undefined);
    }
    try {
      const opened = await openCamera();
      close();
      open = opened;
      picture = undefined;
      camera.setAttribute("aria-pressed", "true");
      look(opened.video);
      void watch(opened);
    } catch {
      announce(texts.cameraDenied);
    }
  });
  draw.addEventListener("click", () => {
    const wasOn = isOn(draw);
    close();
    if (wasOn) return look(undefined);
    picture = undefined;
    draw.setAttribute("aria-pressed", "true");
    const pad = drawingPad(texts, async (empty) => {
      if (!empty) await answer(await pad.frame());
    });
    const clear = h("button", { type: "button", class: "quiet" }, texts.clearDrawing);
    clear.addEventListener("click", () => pad.clear());
    look(h("div", { class: "drawing" }, pad.element, clear));
    pad.element.focus();
  });
  dropZone(element, (groups) => {
    const chosen = groups.flatMap(({ files }) => files)[0];
    if (chosen) void use(chosen);
  });
  return {
    element,
    update(state) {
      latest = state;
      const ready = state.answers !== "none";
      show(buttons, ready);
      show(answers.element, ready);
      const learned = new Set(state.result?.learned ?? []);
      const isNew = state.project.classes.some(({ id }) => state.result?.classes.every((one) => one.id !== id));
      const grown = Object.values(state.pictures).flat().length > learned.size * 1.5 + 5;
      const trained = isNew || grown ? texts.notLearned : texts.byModel;
      setText(source, { none: texts.noAnswerYet, means: texts.byComparing, model: trained }[state.answers]);
      answers.update(state.project.classes, shares);
      const by = `${state.answers} ${state.result?.effort} ${state.result?.seconds}`;
      // The chosen picture gets an answer of the new model.
      if (by !== answeredBy && picture) void use(picture);
      answeredBy = by;
    },
  };
}
