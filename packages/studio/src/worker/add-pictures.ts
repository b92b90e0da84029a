import { LIMITS, type Picture } from "../project/project.ts";
import type { Added } from "../protocol.ts";
import type { BaseInput } from "./base.ts";
import { decode, pixelsOf, storedForm } from "./picture.ts";
import type { Session } from "./session.ts";

/** Pictures per pass through the base. */
const BATCH = 16;

/**
 * Adds picture files to a class. They are decoded one after the other, so that large pictures do not fill the memory, and stored
 * together.
 *
 * @returns the number of added pictures, and the names of files that are not pictures
 */
export async function addPictures(session: Session, classId: string, files: readonly Blob[]): Promise<Added> {
  const refused: string[] = [];
  const jpegs: Blob[] = [];
  for (const file of files) {
    try {
      if (session.pictures.size + jpegs.length >= LIMITS.pictures) throw new Error("The project is full.");
      jpegs.push(await storedForm(await decode(file)));
    } catch {
      refused.push(file instanceof File ? file.name : file.type);
    }
  }
  await store(session, classId, jpegs);
  return { added: jpegs.length, refused };
}

/** Adds one picture to a class. The frame is closed. */
export async function addFrame(session: Session, classId: string, frame: ImageBitmap): Promise<void> {
  await store(session, classId, [await storedForm(frame)]);
}

async function store(session: Session, classId: string, jpegs: readonly Blob[]): Promise<void> {
  const { pictures, database } = session;
  const last = [...pictures.values()].at(-1)?.order ?? -1;
  const added = jpegs.map((jpeg, i): Picture => ({ id: crypto.randomUUID(), classId, jpeg, order: last + 1 + i }));
  // Known before they are written, so that the next pictures get the next places.
  for (const picture of added) pictures.set(picture.id, picture);
  try {
    await database.addPictures(added);
  } catch (error) {
    for (const { id } of added) pictures.delete(id);
    throw error;
  } finally {
    session.means = undefined;
    session.changed();
  }
}

/**
 * Measures the seconds per picture on blank pictures. The first pass prepares the kernels, so that the first real picture is fast.
 */
export async function warmUp(session: Session): Promise<void> {
  const { features, side } = session.base;
  const blank = Array.from({ length: 4 }, () => new Float32Array(side * side * 3));
  await features(blank);
  const began = performance.now();
  await features(blank);
  session.secondsPerPicture ??= (performance.now() - began) / 1000 / blank.length;
}

/**
 * Computes the features of all pictures that have none, and stores them.
 *
 * @param goOn returns false to end after the current batch
 */
export async function computeFeatures(session: Session, goOn: () => boolean = () => true): Promise<void> {
  const { base, database, features, pictures } = session;
  while (goOn()) {
    const next = [...pictures.values()].filter(({ id }) => !features.has(id)).slice(0, BATCH);
    if (next.length === 0) return;
    const pixels = await Promise.all(next.map((picture) => pixelsOfPicture(picture, base)));
    const began = performance.now();
    const rows = await base.features(pixels);
    measure(session, (performance.now() - began) / 1000 / next.length);
    const kept = next.map(({ id }, i) => [id, rows[i] as Float32Array] as const).filter(([id]) => pictures.has(id));
    for (const [id, values] of kept) features.set(id, values);
    await database.addFeatures(new Map(kept.map(([id, values]) => [id, { base: base.digest, values }])));
    session.means = undefined;
    session.changed();
  }
}

/** Reads a stored picture as the input of the base. */
export async function pixelsOfPicture({ jpeg }: Picture, input: BaseInput): Promise<Float32Array> {
  return pixelsOf(await decode(jpeg), input);
}

/** Averages over the last passes. */
function measure(session: Session, seconds: number): void {
  const { secondsPerPicture: before } = session;
  session.secondsPerPicture = before === undefined ? seconds : 0.5 * before + 0.5 * seconds;
}
