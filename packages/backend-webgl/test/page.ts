import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-layers";
import * as tf from "@tensorflow/tfjs-core";
import { type LossRow, loseAtMoments } from "../../../tools/browser/suite/loss.ts";
import { changingBatchSizes, type PoolReport, residue } from "../../../tools/browser/suite/memory.ts";
import { compareOps } from "../../../tools/browser/suite/ops.ts";
import { compareRules } from "../../../tools/browser/suite/rules.ts";
import { compareTraining } from "../../../tools/browser/suite/training.ts";
import { webglBackend } from "../src/index.ts";
import type { WebGLSession } from "../src/session.ts";

let session: WebGLSession;

export async function open(): Promise<unknown> {
  session = await webglBackend().init();
  tf.env().set("WEBGL_CPU_FORWARD", false);
  return { ...session.capabilities, backend: tf.getBackend() };
}
export const ops = (): ReturnType<typeof compareOps> => compareOps("webgl");
export const rules = (): ReturnType<typeof compareRules> => compareRules("webgl");
export const training = (): ReturnType<typeof compareTraining> => compareTraining("webgl");
export const pools = (): Promise<PoolReport> => changingBatchSizes(session);
export const leak = (steps: unknown): Promise<number> => residue(steps as number);
export const close = (): Promise<void> => session.dispose();
export const probe = (): Promise<unknown> => webglBackend().probe();
export const lose = (moments: unknown): Promise<readonly LossRow[]> =>
  loseAtMoments(
    {
      adapter: webglBackend(),
      kill: (victim) => (victim as WebGLSession).gl.getExtension("WEBGL_lose_context")?.loseContext(),
    },
    "runWebGLProgram",
    moments as number,
  );
