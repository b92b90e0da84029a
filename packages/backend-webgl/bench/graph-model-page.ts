import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-layers";
import * as tf from "@tensorflow/tfjs-core";
import { unpack } from "../../../tools/browser/blobs.ts";
import { webglBackend } from "../src/index.ts";
import { type GraphRun, nodesOf, trainGraph } from "./graph-model-run.ts";

/** The example's steps on WebGL, over what is served as `/blobs.bin`; on given features, or its own. */
export async function train(features: unknown): Promise<GraphRun> {
  return onWebGL((blobs) => trainGraph(blobs, (features as number[] | null) ?? undefined));
}

/** What every node of the trunk gives on WebGL. */
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
