import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { PinnedWheel } from "../src/install/wheels.ts";

/** Two small "libraries" with the paths of TensorFlow's wheel, and another file. */
export const MEMBERS: Readonly<Record<string, string>> = {
  "tensorflow/libtensorflow_cc.so.2": "c".repeat(200_000),
  "tensorflow/libtensorflow_framework.so.2": "f".repeat(50_000),
  "tensorflow/python/not_wanted.py": "pass",
};

/** Writes a wheel (a zip without compression) into `folder` and returns it as a pinned wheel. */
export function fakeWheel(
  folder: string,
  members: Readonly<Record<string, string>> = MEMBERS,
): { readonly wheel: PinnedWheel; readonly path: string; readonly bytes: Buffer } {
  const bytes = zip(members);
  const file = "tensorflow_cpu-9.9.9-cp311-cp311-manylinux_2_17_x86_64.whl";
  const path = join(folder, file);
  writeFileSync(path, bytes);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const wheel = {
    project: "tensorflow-cpu",
    version: "9.9.9",
    file,
    sha256,
    members: ["tensorflow/libtensorflow_cc.", "tensorflow/libtensorflow_framework."],
    platforms: ["manylinux_2_17_x86_64"],
  };
  return { wheel, path, bytes };
}

function zip(members: Readonly<Record<string, string>>): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(members)) {
    const data = Buffer.from(text);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from("PK\u0003\u0004"), common, Buffer.from(name), data]);
    const where = Buffer.alloc(14);
    where.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from("PK\u0001\u0002\u0014\u0000"), common, where, Buffer.from(name)]));
    locals.push(local);
    offset += local.length;
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(directory.length, 4);
  end.writeUInt16LE(directory.length, 6);
  end.writeUInt32LE(entries.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...locals, entries, Buffer.from("PK\u0005\u0006"), end]);
}
