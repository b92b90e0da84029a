import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-layers";
import { webglBackend } from "@graftjs/backend-webgl";
import * as tf from "@tensorflow/tfjs-core";
import { unpack } from "../../../tools/browser/blobs.ts";
import { compareExample, type ExampleRow } from "../../../tools/browser/suite/examples/index.ts";
import { webgpuBackend } from "../src/index.ts";

/** Runs an example's steps on one of the two backends, with the data of `/blobs.bin`. */
export async function compare(what: unknown): Promise<ExampleRow> {
  const { backend, name } = what as { backend: "webgl" | "webgpu"; name: string };
  const blobs = unpack(new Uint8Array(await (await fetch("/blobs.bin")).arrayBuffer()));
  const session = await (backend === "webgl" ? webglBackend() : webgpuBackend({ allowSoftware: true })).init();
  tf.env().set(`${backend.toUpperCase()}_CPU_FORWARD`, false);
  const row = await compareExample(name, blobs);
  await session.dispose();
  return row;
}
