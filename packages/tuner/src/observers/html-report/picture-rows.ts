import { encodePng } from "../tensorboard/png.ts";
import { escaped } from "./escaped.ts";

/** A picture of the data with the model's answer. */
export interface ReportPicture {
  /** Bytes, row by row. */
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** 3 for red, green and blue, 1 for grey. */
  readonly channels: 1 | 3;
  /** Class that the picture has. */
  readonly label: string;
  /** Class that the model names. */
  readonly predicted: string;
  /** Probability of the class that the picture has. */
  readonly probability: number;
}

/** Pictures under a heading. */
export interface PictureRow {
  readonly title: string;
  readonly pictures: readonly ReportPicture[];
}

/** Draws rows of pictures. The pictures are inside the page, so that it needs no other files. */
export async function pictureRows(rows: readonly PictureRow[]): Promise<string> {
  const drawn = await Promise.all(
    rows
      .filter(({ pictures }) => pictures.length > 0)
      .map(async ({ title, pictures }) => {
        const figures = await Promise.all(pictures.map(figure));
        return `<h2>${escaped(title)}</h2><div class="pictures">${figures.join("")}</div>`;
      }),
  );
  return drawn.join("");
}

async function figure(picture: ReportPicture): Promise<string> {
  const { pixels, width, height, channels, label, predicted, probability } = picture;
  const png = base64(await encodePng(pixels, width, height, channels));
  const share = `${(100 * probability).toFixed(0)} %`;
  const right = label === predicted;
  const text = right ? `${label} ${share}` : `${label} ${share}, taken for ${predicted}`;
  return `<figure class="${right ? "right" : "wrong"}"><img alt="${escaped(text)}" src="data:image/png;base64,${png}"><figcaption>${escaped(text)}</figcaption></figure>`;
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
