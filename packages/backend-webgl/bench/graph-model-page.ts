import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-layers";
import * as tf from "@tensorflow/tfjs-core";
import { unpack } from "../../../tools/browser/blobs.ts";
import { webglBackend } from "../src/index.ts";
import { type GraphRun, nodesOf, trainGraph } from "./graph-model-run.ts";

/** Runs the example's steps on WebGL with the data of `/blobs.bin`, on given features or on those of its own trunk. */
export async function train(features: unknown): Promise<GraphRun> {
  return onWebGL((blobs) => trainGraph(blobs, (features as number[] | null) ?? undefined));
}

/** Computes the values of all nodes of the trunk on WebGL. */
export async function nodes(names: unknown): Promise<Record<string, number[]>> {
  return onWebGL((blobs) => nodesOf(blobs, names as string[]));
}

async function onWebGL<T>(what: (blobs: ReturnType<typeof unpack>) => Promise<T>): Promise<T> {
  const blobs = unpack(new Uint8Array(await (await fetch("/blobs.bin")).arrayBuffer()));
  const session = await webglBackend().init();
  tf.env().set("WEBGL_CPU_FORWARD", false);
  const result = await what(blobs);
  await session.dispose();
  return result;
}
