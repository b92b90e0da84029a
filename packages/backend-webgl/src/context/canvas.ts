import { BackendError } from "@graftjs/core";

/** The reason why no context can be opened, and the fix: the two parts of an adapter's answer. */
export class NoContext extends BackendError {
  readonly reason: string;
  constructor(reason: string, fix: string, options?: ErrorOptions) {
    super(`WebGL: ${reason}.`, fix, options);
    this.reason = reason;
  }
}

export type Canvas = HTMLCanvasElement | OffscreenCanvas;

/**
 * Makes a canvas that is not shown, in a page or in a Web Worker. A page gets a document's canvas, because Safari supports fences
 * for these only.
 *
 * @throws NoContext outside of browsers.
 */
export function createCanvas(): Canvas {
  if (typeof document !== "undefined") return document.createElement("canvas");
  if (typeof OffscreenCanvas !== "undefined") return new OffscreenCanvas(1, 1);
  throw new NoContext(
    "this environment has no canvas, neither a document's nor an OffscreenCanvas",
    "WebGL is for browsers. In Node use the node, webgpu or wasm backend.",
  );
}

/** Returns the name that the graphics driver gives itself. @throws NoContext if the browser gives no context. */
export function describeContext(): string {
  const gl = createCanvas().getContext("webgl2") as WebGL2RenderingContext | null;
  if (!gl) {
    throw new NoContext(
      "the browser gave no WebGL 2 context",
      "Turn on graphics acceleration in the browser's settings and update the driver, or use the wasm backend. " +
        "Headless Chromium without a GPU needs --enable-unsafe-swiftshader.",
    );
  }
  const names = gl.getExtension("WEBGL_debug_renderer_info");
  const description = String(gl.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
  loseContext(gl);
  return description;
}

/** Gives up the context and its memory. Browsers allow a page sixteen contexts. */
export function loseContext(gl: WebGLRenderingContext | WebGL2RenderingContext): void {
  gl.getExtension("WEBGL_lose_context")?.loseContext();
}
