import type { Texts } from "../texts/en.ts";
import { h } from "./h.ts";

/** A white sheet on which a person draws with a finger, a pen, a mouse or the keyboard. */
export interface DrawingPad {
  readonly element: HTMLCanvasElement;
  /** Returns the sheet as a square picture. */
  frame(): Promise<ImageBitmap>;
  clear(): void;
}

/** Side of the sheet and width of the line in pixels. */
const SIDE = 448;
const LINE = 16;
/** Pixels that an arrow key moves the pen. */
const KEY_STEP = 16;
const MOVES: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-KEY_STEP, 0],
  ArrowRight: [KEY_STEP, 0],
  ArrowUp: [0, -KEY_STEP],
  ArrowDown: [0, KEY_STEP],
};

/**
 * Creates a sheet. The arrow keys move the pen, which is down after every second press of Space.
 *
 * @param changed is called with `true` when the sheet becomes empty, and with `false` at the end of each line
 */
export function drawingPad(texts: Pick<Texts, "drawing">, changed: (empty: boolean) => void): DrawingPad {
  const element = h("canvas", { width: SIDE, height: SIDE, tabindex: 0, role: "img", "aria-label": texts.drawing });
  const pen = element.getContext("2d") as CanvasRenderingContext2D;
  let at: readonly [number, number] = [SIDE / 2, SIDE / 2];
  let down = false;
  const moveTo = (to: readonly [number, number]): void => {
    const inside = to.map((value) => Math.min(SIDE - LINE / 2, Math.max(LINE / 2, value)));
    const [x, y] = inside as [number, number];
    if (down) {
      pen.beginPath();
      pen.moveTo(...(at as [number, number]));
      pen.lineTo(x, y);
      pen.stroke();
    }
    at = [x, y];
  };
  const press = (): void => {
    down = true;
    moveTo(at); // A press without a move draws a dot.
  };
  const lift = (): void => {
    if (!down) return;
    down = false;
    changed(false);
  };
  const clear = (): void => {
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, SIDE, SIDE);
    Object.assign(pen, { strokeStyle: "#111", lineWidth: LINE, lineCap: "round", lineJoin: "round" });
    at = [SIDE / 2, SIDE / 2];
    down = false;
    changed(true);
  };
  const placeOf = ({ offsetX, offsetY }: PointerEvent): readonly [number, number] => [
    (offsetX * SIDE) / element.clientWidth,
    (offsetY * SIDE) / element.clientHeight,
  ];
  element.addEventListener("pointerdown", (event) => {
    element.setPointerCapture(event.pointerId);
    lift();
    at = placeOf(event);
    press();
  });
  element.addEventListener("pointermove", (event) => {
    if (!element.hasPointerCapture(event.pointerId)) return;
    // The browser reports the places between two frames in one event.
    for (const one of event.getCoalescedEvents?.() ?? []) moveTo(placeOf(one));
    moveTo(placeOf(event));
  });
  for (const end of ["pointerup", "pointercancel", "blur"]) element.addEventListener(end, lift);
  element.addEventListener("keydown", (event) => {
    const move = MOVES[event.key];
    if (move) moveTo([at[0] + move[0], at[1] + move[1]]);
    else if (event.key === " " && !event.repeat) down ? lift() : press();
    else return;
    if (down) changed(false);
    event.preventDefault();
  });
  clear();
  return { element, frame: () => createImageBitmap(element), clear };
}
