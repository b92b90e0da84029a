import type SharpModule from "sharp";
import { DataFilesError } from "../data-files-error.ts";
import { readLimited } from "../folders/read-limited.ts";

/** The decoder. */
export type Sharp = typeof SharpModule;

/** Formats that are decoded, by sharp's names. The file's content decides, not the ending of its name. */
const FORMATS: ReadonlySet<string> = new Set(["png", "jpeg", "webp"]);

/** A picture with more pixels is refused: 100 megapixels need 300 MB while they are decoded. */
const MOST_PIXELS = 100_000_000;

const FITS = { cover: "cover", contain: "contain", stretch: "fill" } as const;

/** Size of a decoded picture, and how the picture fills it. */
export interface DecodedSize {
  readonly height: number;
  readonly width: number;
  readonly fit: keyof typeof FITS;
}

/**
 * Decodes a picture, turned as its EXIF data say, as bytes in sRGB: red, green and blue of each pixel, row after row. Transparent parts
 * become white, borders black.
 *
 * @throws DataFilesError if the file is not a whole picture in png, jpeg or webp, or is too large
 */
export async function decodeImage(
  sharp: Sharp,
  path: string,
  { height, width, fit }: DecodedSize,
): Promise<Uint8Array> {
  const bytes = await readLimited(path, refused);
  const image = sharp(bytes, { failOn: "error", limitInputPixels: MOST_PIXELS });
  const { format } = await image.metadata().catch(refused);
  if (!FORMATS.has(format ?? ""))
    throw new DataFilesError(`its content is ${format ?? "unknown"}.`, "Convert it to png, jpeg or webp.");
  const { data, info } = await image
    .autoOrient()
    .flatten({ background: "white" })
    .resize(width, height, { fit: FITS[fit], background: "black" })
    .toColourspace("srgb")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true })
    .catch(refused);
  return info.channels === 1 ? inColours(data) : data;
}

/** Repeats the only channel of a grey picture. */
function inColours(grey: Uint8Array): Uint8Array {
  const colours = new Uint8Array(grey.length * 3);
  grey.forEach((value, i) => {
    colours.fill(value, i * 3, i * 3 + 3);
  });
  return colours;
}

function refused(cause: Error): never {
  const reason = cause.message.split("\n")[0] as string;
  throw new DataFilesError(`it cannot be decoded: ${reason}`, "Save the picture again, or remove it.", { cause });
}
