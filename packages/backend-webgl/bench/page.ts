import "@tensorflow/tfjs-layers";
import * as tf from "@tensorflow/tfjs-core";
import { countCalls, pairs, timeTurns } from "../../backend-webgpu/bench/updates.ts";
import { webglBackend } from "../src/index.ts";

export interface Figures {
  readonly draws: { readonly stock: number; readonly graft: number };
  readonly milliseconds: { readonly stock: number; readonly graft: number };
  readonly faster: number;
}

/** Measures draws and time of one update, with Graft and with stock or by hand. The two take turns. */
export async function measure(rounds: unknown): Promise<{ device: string; updates: Record<string, Figures> }> {
  const session = await webglBackend().init();
  tf.env().set("WEBGL_CPU_FORWARD", false);
  const updates: Record<string, Figures> = {};
  // Read one pixel, which waits for all earlier draws. `finish` returns early in Chromium.
  const pixel = new Uint8Array(4);
  const done = async (): Promise<void> =>
    session.gl.readPixels(0, 0, 1, 1, session.gl.RGBA, session.gl.UNSIGNED_BYTE, pixel);
  for (const pair of pairs) {
    const both = [pair.stock(), pair.graft()] as const;
    for (const { step } of [...both, ...both]) step();
    const [stock, graft] = both.map(({ step }) =>
      countCalls(WebGL2RenderingContext.prototype, "drawElements", step),
    ) as [number, number];
    const [slow, fast] = (await timeTurns(both, done, rounds as number)) as [number, number];
    for (const { dispose } of both) dispose();
    const round = (x: number): number => Number(x.toPrecision(3));
    updates[pair.name] = {
      draws: { stock, graft },
      milliseconds: { stock: round(slow), graft: round(fast) },
      faster: round(slow / fast),
    };
  }
  const device = session.capabilities.description ?? "";
  await session.dispose();
  return { device, updates };
}
