import { BackendError } from "@graftjs/core";

/** Why there is no context, and what to do: the two halves of a probe's answer. */
export class NoContext extends BackendError {
  readonly reason: string;
  constructor(reason: string, fix: string, options?: ErrorOptions) {
    super(`WebGL: ${reason}.`, fix, options);
    this.reason = reason;
  }
}

export type Canvas = HTMLCanvasElement | OffscreenCanvas;

/** A canvas nobody sees, in a page or in a Worker. Safari fences only those of the document, so these come first there. */
export function createCanvas(): Canvas {
  if (typeof document !== "undefined") return document.createElement("canvas");
  if (typeof OffscreenCanvas !== "undefined") return new OffscreenCanvas(1, 1);
  throw new NoContext(
    "there is no canvas here, neither a document's nor OffscreenCanvas",
    "WebGL is for browsers. In Node take the node, webgpu or wasm backend.",
  );
}

/** What the graphics driver calls itself. @throws NoContext where the browser gives no context. */
export function describeContext(): string {
  const gl = createCanvas().getContext("webgl2") as WebGL2RenderingContext | null;
  if (!gl) {
    throw new NoContext(
      "the browser gave no WebGL 2 context",
      "Turn on graphics acceleration in the browser's settings and update the driver, or take the wasm backend. " +
        "Headless Chromium without a GPU wants --enable-unsafe-swiftshader.",
    );
  }
  const names = gl.getExtension("WEBGL_debug_renderer_info");
  const description = String(gl.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
  loseContext(gl);
  return description;
}

/** Gives the context up, and its memory with it: browsers allow a page sixteen of them. */
export function loseContext(gl: WebGLRenderingContext | WebGL2RenderingContext): void {
  gl.getExtension("WEBGL_lose_context")?.loseContext();
}
