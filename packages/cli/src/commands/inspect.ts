import { readFile } from "node:fs/promises";
import { basename, dirname, extname, resolve } from "node:path";
import { reasonOf } from "../project/files.ts";
import { UsageError } from "../terminal/errors.ts";
import { printableName } from "../terminal/printable.ts";
import type { Command } from "./command.ts";

/** The tensors of a model or a safetensors file. */
interface Contents {
  readonly kind: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: readonly { readonly name: string; readonly dtype: string; readonly shape: readonly number[] }[];
}

export const inspect: Command = {
  usage: "graft inspect <model.json | file.safetensors> [--json]",
  about:
    "Lists the tensors of a model or of a safetensors file, such as a delta.\n" +
    "Selectors in recipes, such as `trainable`, choose from these names.\n\n" +
    "--json  Prints the list as JSON.",
  options: { json: "boolean" },
  async run(positionals, { json }, io) {
    const [path, ...more] = positionals;
    if (path === undefined || more.length > 0) {
      throw new UsageError(
        `graft inspect takes one file, but got ${positionals.length} arguments.`,
        "graft inspect model.json",
      );
    }
    const file = resolve(io.cwd, path);
    const contents = extname(file) === ".safetensors" ? await readTensors(file) : await readModelTensors(file);
    io.out(json === true ? `${JSON.stringify(contents, null, 2)}\n` : `${format(contents)}\n`);
  },
};

async function readTensors(file: string): Promise<Contents> {
  const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    throw new UsageError(`${file} cannot be read: ${reasonOf(cause)}.`, "Check the path.", { cause });
  });
  const { readSafetensors } = await import("@graftjs/tuner");
  const { metadata, tensors } = readSafetensors(bytes);
  return {
    kind: metadata.get("format") ?? "safetensors",
    metadata: Object.fromEntries(metadata),
    tensors: [...tensors].map(([name, { dtype, shape }]) => ({ name, dtype, shape })),
  };
}

async function readModelTensors(file: string): Promise<Contents> {
  const { namedWeights } = await import("@graftjs/core");
  const { useCpuBackend } = await import("../model/cpu-backend.ts");
  const { readModel, titleOf } = await import("../model/recipe-model.ts");
  await useCpuBackend();
  const read = await readModel({ folder: dirname(file), run: { model: basename(file) } });
  const { layers: model, params, dispose } = read;
  try {
    const weights = model ? namedWeights(model) : params;
    const tensors = weights.map(({ name, variable: { dtype, shape } }) => ({ name, dtype, shape }));
    if (!model) return { kind: `${titleOf(read)}, its parameters`, metadata: {}, tensors };
    return { kind: `LayersModel with ${model.layers.length} layers`, metadata: { name: model.name }, tensors };
  } finally {
    dispose();
  }
}

function format({ kind, metadata, tensors }: Contents): string {
  const size = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);
  const numbers = tensors.reduce((sum, { shape }) => sum + size(shape), 0);
  const width = Math.max(0, ...tensors.map(({ name }) => printableName(name).length));
  return [
    `${kind}: ${tensors.length} tensors, ${numbers.toLocaleString("en")} numbers`,
    ...Object.entries(metadata).map(
      ([key, value]) =>
        `${printableName(key)}: ${printableName(value.length > 100 ? `${value.slice(0, 97)}...` : value)}`,
    ),
    ...tensors.map(
      ({ name, dtype, shape }) => `  ${printableName(name).padEnd(width)}  ${dtype}  [${shape.join(", ")}]`,
    ),
  ].join("\n");
}
