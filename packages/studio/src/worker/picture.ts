import type { BaseInput } from "./base.ts";

/** Side of a stored picture in pixels. Bases of other sizes get it scaled. */
const SIDE = 224;

/**
 * Makes the stored form of a picture: its middle square on white, as a JPEG of 224 × 224 pixels. The frame is closed.
 */
export async function storedForm(frame: ImageBitmap): Promise<Blob> {
  const canvas = squareOf(frame, SIDE);
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.92 });
}

/** Decodes a picture file. @throws DOMException if the browser cannot decode it */
export function decode(file: Blob): Promise<ImageBitmap> {
  return createImageBitmap(file, { imageOrientation: "from-image" });
}

/** Reads a frame as the input of a base: `side × side × 3` numbers in the base's range. The frame is closed. */
export function pixelsOf(frame: ImageBitmap, { side, range: [black, white] }: BaseInput): Float32Array {
  const { data } = contextOf(squareOf(frame, side)).getImageData(0, 0, side, side);
  const out = new Float32Array(side * side * 3);
  for (let from = 0, to = 0; from < data.length; from += 4) {
    for (let c = 0; c < 3; c++) out[to++] = black + ((data[from + c] as number) / 255) * (white - black);
  }
  return out;
}

/** Draws the middle square of a frame on white and closes the frame. */
function squareOf(frame: ImageBitmap, side: number): OffscreenCanvas {
  const canvas = new OffscreenCanvas(side, side);
  const context = contextOf(canvas);
  const cut = Math.min(frame.width, frame.height);
  context.fillStyle = "#fff";
  context.fillRect(0, 0, side, side);
  context.imageSmoothingQuality = "high";
  context.drawImage(frame, (frame.width - cut) / 2, (frame.height - cut) / 2, cut, cut, 0, 0, side, side);
  frame.close();
  return canvas;
}

function contextOf(canvas: OffscreenCanvas): OffscreenCanvasRenderingContext2D {
  return canvas.getContext("2d", { willReadFrequently: true }) as OffscreenCanvasRenderingContext2D;
}
