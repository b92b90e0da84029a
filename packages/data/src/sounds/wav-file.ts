import { DataFilesError, shown } from "../data-files-error.ts";
import { readLimited } from "../folders/read-limited.ts";

/** A decoded sound, mixed to one channel. Full scale is 1. */
export interface Sound {
  readonly sampleRate: number;
  readonly samples: Float32Array;
}

const [FEWEST_HZ, MOST_HZ] = [1000, 768_000];

const [PCM, FLOAT, EXTENSIBLE] = [1, 3, 0xfffe];

/** A program that writes to a pipe cannot know the size of the data and writes this size. */
const UNKNOWN_SIZE = 0xffff_ffff;

/** Values of one sample by format and bits. 8 bits are unsigned. */
const SAMPLES: Readonly<Record<string, (view: DataView, at: number) => number>> = {
  [`${PCM} 8`]: (view, at) => (view.getUint8(at) - 128) / 2 ** 7,
  [`${PCM} 16`]: (view, at) => view.getInt16(at, true) / 2 ** 15,
  [`${PCM} 24`]: (view, at) => (view.getUint16(at, true) + view.getInt8(at + 2) * 2 ** 16) / 2 ** 23,
  [`${PCM} 32`]: (view, at) => view.getInt32(at, true) / 2 ** 31,
  [`${FLOAT} 32`]: (view, at) => view.getFloat32(at, true),
};

/**
 * Reads a WAV file: PCM with 8, 16, 24 or 32 bits or float with 32 bits, mono or stereo. Stereo becomes the mean of both channels.
 *
 * @throws DataFilesError if the file is not such a file, ends too early or is too large
 */
export async function readWavFile(path: string): Promise<Sound> {
  return decodeWav(await readLimited(path, unreadable));
}

/** Decodes the bytes of a WAV file. No size in the file is believed beyond the number of its bytes. */
export function decodeWav(bytes: Uint8Array): Sound {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || nameAt(view, 0) !== "RIFF" || nameAt(view, 8) !== "WAVE")
    throw refused("its content is not a WAV file.", "Convert the sound to WAV.");
  let format: Format | undefined;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const [name, declared, start] = [nameAt(view, at), view.getUint32(at + 4, true), at + 8];
    const rest = bytes.length - start;
    const size = name === "data" && declared === UNKNOWN_SIZE ? rest : declared;
    if (size > rest) throw refused(`its part ${shown(name)} has ${size} bytes, but the file ends after ${rest}.`);
    if (name === "fmt ") format = formatOf(view, start, size);
    if (name === "data") {
      if (!format) throw refused("its samples come before their format.");
      return { sampleRate: format.sampleRate, samples: mixed(view, start, size, format) };
    }
    at = start + size + (size % 2); // Parts begin at even positions.
  }
  throw refused("it has no samples.");
}

interface Format {
  readonly channels: number;
  readonly sampleRate: number;
  readonly frameBytes: number;
  readonly sampleAt: (view: DataView, at: number) => number;
}

function formatOf(view: DataView, at: number, size: number): Format {
  if (size < 16) throw refused("its format is cut off.");
  const named = view.getUint16(at, true);
  if (named === EXTENSIBLE && size < 40) throw refused("its format is cut off.");
  const code = named === EXTENSIBLE ? view.getUint16(at + 24, true) : named;
  const [channels, sampleRate, bits] = [
    view.getUint16(at + 2, true),
    view.getUint32(at + 4, true),
    view.getUint16(at + 14, true),
  ];
  const [frameBytes, sampleAt] = [view.getUint16(at + 12, true), SAMPLES[`${code} ${bits}`]];
  if (!sampleAt)
    throw refused(`its samples have the format ${code} with ${bits} bits.`, "Convert it to PCM with 16 bits.");
  if (channels !== 1 && channels !== 2)
    throw refused(`it has ${channels} channels.`, "Convert it to one or two channels.");
  if (sampleRate < FEWEST_HZ || sampleRate > MOST_HZ)
    throw refused(`it has ${sampleRate} samples per second.`, `Convert it to between ${FEWEST_HZ} and ${MOST_HZ}.`);
  if (frameBytes !== (channels * bits) / 8) throw refused(`its format says ${frameBytes} bytes for each moment.`);
  return { channels, sampleRate, frameBytes, sampleAt };
}

function mixed(view: DataView, start: number, size: number, { channels, frameBytes, sampleAt }: Format): Float32Array {
  const samples = new Float32Array(Math.floor(size / frameBytes));
  if (samples.length === 0) throw refused("it has no samples.");
  const second = (frameBytes / channels) * (channels - 1);
  for (let i = 0; i < samples.length; i++) {
    const at = start + i * frameBytes;
    samples[i] = (sampleAt(view, at) + sampleAt(view, at + second)) / 2;
    if (!Number.isFinite(samples[i])) throw refused(`its sample ${i} is not a finite number.`);
  }
  return samples;
}

function nameAt(view: DataView, at: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(at + i)));
}

function refused(reason: string, fix = "Save the sound again, or remove it."): DataFilesError {
  return new DataFilesError(reason, fix);
}

function unreadable(cause: Error): never {
  throw new DataFilesError(`it cannot be read: ${cause.message}.`, "Check the path.", { cause });
}
