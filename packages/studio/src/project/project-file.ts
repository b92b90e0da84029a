import { readSafetensors, type StoredTensor, writeSafetensors } from "@graftjs/tuner";
import { cleanName, LIMITS, type Picture, type Project } from "./project.ts";

/** The contents of a project file: names and pictures. Features and models are computed again from them. */
export interface ProjectFile {
  readonly project: Project;
  readonly pictures: readonly Picture[];
}

const FORMAT = "graft-studio-1";
/** Largest project file in bytes. */
export const MAX_FILE: number = 256 * 2 ** 20;
const MAX_PICTURE = 2 ** 20;

/** Encodes a project as a safetensors file. Each picture is a tensor of bytes. */
export async function writeProjectFile({ project, pictures }: ProjectFile): Promise<Uint8Array> {
  const tensors = new Map<string, StoredTensor>();
  const places = new Map(project.classes.map(({ id }, i) => [id, i]));
  for (const [i, { classId, jpeg }] of pictures.entries()) {
    const data = new Uint8Array(await jpeg.arrayBuffer());
    tensors.set(`${places.get(classId)}/${i}`, { dtype: "U8", shape: [data.byteLength], data });
  }
  const classes = project.classes.map(({ name }) => name);
  const metadata = new Map([
    ["format", FORMAT],
    ["project", JSON.stringify({ name: project.name, classes })],
  ]);
  return writeSafetensors(tensors, metadata);
}

/**
 * Reads a project file of any origin. Ids are made new, names are cleaned, and nothing in the file is executed.
 *
 * @throws Error if it is not a whole project file, or if it exceeds a limit
 */
export function readProjectFile(bytes: Uint8Array): ProjectFile {
  if (bytes.byteLength > MAX_FILE) throw new Error(`A project file has at most ${MAX_FILE} bytes.`);
  const { metadata, tensors } = readSafetensors(bytes);
  if (metadata.get("format") !== FORMAT) throw new Error("The file is not a project of the studio.");
  const { name, classes } = JSON.parse(metadata.get("project") ?? "null") as { name?: unknown; classes?: unknown };
  if (typeof name !== "string" || !Array.isArray(classes) || classes.length > LIMITS.classes)
    throw new Error("The project's names cannot be read.");
  if (tensors.size > LIMITS.pictures) throw new Error(`A project has at most ${LIMITS.pictures} pictures.`);
  const made = classes.map((className: unknown) => ({ id: crypto.randomUUID(), name: cleanName(String(className)) }));
  const pictures = [...tensors].map(([key, { dtype, data }]) => {
    const [, place, order] = /^(\d{1,2})\/(\d{1,5})$/.exec(key) ?? [];
    const classId = made[Number(place)]?.id;
    if (classId === undefined || dtype !== "U8" || data.byteLength > MAX_PICTURE || !isJpeg(data))
      throw new Error(`The picture ${key} cannot be read.`);
    const jpeg = new Blob([data as BlobPart], { type: "image/jpeg" });
    return { id: crypto.randomUUID(), classId, jpeg, order: Number(order) };
  });
  return { project: { name: cleanName(name), classes: made }, pictures: pictures.sort((a, b) => a.order - b.order) };
}

function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}
