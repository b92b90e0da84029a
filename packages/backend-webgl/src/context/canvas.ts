import { UnavailableError } from "@graftjs/backend";

/** A canvas of a page or of a Web Worker. */
export type Canvas = HTMLCanvasElement | OffscreenCanvas;

/**
 * Makes a canvas that is not shown, in a page or in a Web Worker. A page gets a document's canvas, because Safari supports fences
 * for these only.
 *
 * @throws UnavailableError outside of browsers.
 */
export function createCanvas(): Canvas {
  if (typeof document !== "undefined") return document.createElement("canvas");
  if (typeof OffscreenCanvas !== "undefined") return new OffscreenCanvas(1, 1);
  throw new UnavailableError(
    "WebGL",
    "this environment has no canvas, neither a document's nor an OffscreenCanvas",
    "WebGL is for browsers. In Node use the node, webgpu or wasm backend.",
  );
}

/** Returns the name that the graphics driver gives itself. @throws UnavailableError if the browser gives no context. */
export function describeContext(): string {
  const gl = createCanvas().getContext("webgl2") as WebGL2RenderingContext | null;
  if (!gl) {
    throw new UnavailableError(
      "WebGL",
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
