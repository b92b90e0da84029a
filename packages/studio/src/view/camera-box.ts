import { type Camera, openCamera } from "../page/camera.ts";
import { h } from "./h.ts";
import type { Context } from "./part.ts";

/** Milliseconds between two pictures while the button is held. */
const EVERY = 200;

/** A camera picture with a button that takes pictures while it is held. Space and Enter work too. */
export function cameraBox(context: Context, classId: string, closed: () => void): HTMLElement {
  const { client, texts, attempt, announce } = context;
  const take = h("button", { type: "button", class: "primary", disabled: true }, texts.takePictures);
  const close = h("button", { type: "button" }, texts.closeCamera);
  const view = h("div", { class: "camera-view" });
  const element = h("div", { class: "camera" }, view, h("div", { class: "row" }, take, close));
  let camera: Camera | undefined;
  let held = false;
  const end = (): void => {
    held = false;
    camera?.close();
    element.remove();
    closed();
  };
  const shoot = async (): Promise<void> => {
    if (held) return;
    held = true;
    // At least one picture is taken, however short the press is.
    do {
      if (!camera) return;
      const frame = await camera.frame();
      await attempt(client.call("addFrame", { classId, frame }));
      await new Promise((resolve) => setTimeout(resolve, EVERY));
    } while (held);
  };
  const release = (): void => {
    held = false;
  };
  take.addEventListener("pointerdown", shoot);
  for (const event of ["pointerup", "pointerleave", "pointercancel", "blur", "keyup"])
    take.addEventListener(event, release);
  take.addEventListener("keydown", (event) => {
    if ((event.key === " " || event.key === "Enter") && !event.repeat) void shoot();
  });
  take.addEventListener("contextmenu", (event) => event.preventDefault());
  close.addEventListener("click", end);
  openCamera().then(
    (opened) => {
      if (!element.isConnected) return opened.close();
      camera = opened;
      view.append(opened.video);
      take.disabled = false;
      take.focus();
    },
    () => {
      announce(texts.cameraDenied);
      end();
    },
  );
  return element;
}
