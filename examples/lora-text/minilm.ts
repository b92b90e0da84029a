// Reads all-MiniLM-L6-v2 from files/model: the sizes, the weights and the tokenizer.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors, type StoredTensor, tensorOf } from "@graftjs/tuner";
import { Tokenizer } from "@huggingface/tokenizers";
import * as tf from "@tensorflow/tfjs-core";
import type { EncoderConfig, WeightOf } from "./encoder.ts";

/** The folder of the checkpoint. */
export const FOLDER: string = join(import.meta.dirname, "files/model");

/** Whether `fetch.sh` has run. */
export const isFetched = (): boolean => existsSync(join(FOLDER, "model.safetensors"));

const json = (file: string): object => JSON.parse(readFileSync(join(FOLDER, file), "utf8"));

/** Reads the sizes of the encoder. */
export const readConfig = (): EncoderConfig => json("config.json") as EncoderConfig;

/** The parts of a checkpoint's names that differ from the model's, by role. PyTorch stores a kernel as [outputs, inputs]. */
const SUFFIXES: Readonly<Record<string, string>> = {
  kernel: "weight",
  embeddings: "weight",
  gamma: "weight",
  beta: "bias",
  bias: "bias",
};

/** Reads the weights. Each call of the returned function makes a new variable. */
export function readWeights(): WeightOf {
  const { tensors } = readSafetensors(readFileSync(join(FOLDER, "model.safetensors")));
  return (name, shape) => {
    const parts = name.split("/");
    const role = parts.pop() as string;
    const key = [...parts, SUFFIXES[role]].join(".");
    const stored: StoredTensor | undefined = tensors.get(key);
    const expected = role === "kernel" ? shape.toReversed() : [...shape];
    if (`${stored?.shape}` !== `${expected}`)
      throw new Error(`The checkpoint has \`${key}\` as [${stored?.shape}], and the model needs [${expected}].`);
    return tf.tidy(() => {
      const value = tensorOf(stored as StoredTensor, key);
      return tf.variable(role === "kernel" ? tf.transpose(value) : value);
    });
  };
}

/** Returns the weights of an encoder as the checkpoint stores them, for a file that Hugging Face's transformers reads. */
export function checkpointTensors(
  weights: readonly { name: string; role: string; variable: tf.Variable }[],
): Map<string, StoredTensor> {
  return new Map(
    weights.map(({ name, role, variable }) => {
      const key = `${name.slice(0, -role.length - 1).replaceAll("/", ".")}.${SUFFIXES[role]}`;
      const value = tf.tidy(() => (role === "kernel" ? tf.transpose(variable) : variable).dataSync().slice());
      const shape = role === "kernel" ? variable.shape.toReversed() : variable.shape;
      return [key, { dtype: "F32", shape, data: new Uint8Array(value.buffer) }];
    }),
  );
}

/** Texts as the encoder takes them, [texts, tokens]. */
export interface Encoded {
  /** Ids of the tokens; 0 for padding. */
  readonly ids: tf.Tensor2D;
  /** 1 for a token, 0 for padding. */
  readonly mask: tf.Tensor2D;
}

/** Reads the tokenizer. The returned function cuts or pads each text to `tokens`. */
export function readTokenizer(): (texts: readonly string[], tokens: number) => Encoded {
  const tokenizer = new Tokenizer(json("tokenizer.json"), json("tokenizer_config.json"));
  const end = tokenizer.encode("").ids.at(-1) as number;
  return (texts, tokens) => {
    const rows = texts.map((text) => {
      const { ids } = tokenizer.encode(text);
      const cut = ids.length > tokens ? [...ids.slice(0, tokens - 1), end] : ids;
      return [...cut, ...Array<number>(tokens - cut.length).fill(0)];
    });
    const ids = tf.tensor2d(rows, [texts.length, tokens], "int32");
    return { ids, mask: tf.tidy(() => tf.cast(tf.greater(ids, 0), "int32") as tf.Tensor2D) };
  };
}
