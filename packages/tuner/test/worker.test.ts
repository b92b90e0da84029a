import "@tensorflow/tfjs-backend-cpu";
import { MessageChannel } from "node:worker_threads";
import { sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { applyDelta, fineTune, fineTuneInWorker, serveFineTune, type WorkerPort } from "../src/index.ts";
import { mlp } from "./nets.ts";
import { examples, weightsOf } from "./support.ts";

const options = (epochs: number) =>
  ({
    data: examples([4]),
    loss: "categoricalCrossentropy",
    trainable: "head",
    rule: sgd(),
    learningRate: 0.1,
    epochs,
  }) as const;

it("runs behind a port: events come through, the delta makes the page's model the same, stop and errors travel", async () => {
  await tf.setBackend("cpu");
  const run = (job: unknown, more: Parameters<typeof fineTuneInWorker>[2] = {}) => {
    const { port1, port2 } = new MessageChannel();
    serveFineTune(port2 as unknown as WorkerPort, async (epochs) => ({
      model: mlp(),
      options: options(epochs as number),
    }));
    return { ...fineTuneInWorker(port1 as unknown as WorkerPort, job, more), close: () => port1.close() };
  };
  const seen: string[] = [];
  const observer = {
    runStart: ({ params }: { params: readonly { name: string }[] }) =>
      void seen.push(...params.map(({ name }) => name)),
    epochEnd: ({ epoch }: { epoch: number }) => void seen.push(`epoch ${epoch}`),
    runEnd: () => void seen.push("end"),
  };
  const first = run(3, { observers: [observer] });
  const { delta, history, steps } = await first.result;
  first.close();
  expect(seen).toEqual(["head/kernel", "head/bias", "epoch 0", "epoch 1", "epoch 2", "end"]);
  const [page, here] = [mlp(), mlp()];
  applyDelta(page, delta);
  const own = await fineTune(here, options(3));
  own.restore();
  expect(weightsOf(page)).toEqual(weightsOf(here));
  expect(history).toEqual(own.history);
  expect(steps).toBe(3);
  const failing = run(0);
  await expect(failing.result).rejects.toThrow(/OptionsError[\s\S]*epochs/);
  failing.close();
  const aborter = new AbortController();
  const aborted = run(100_000, { signal: aborter.signal, observers: [{ stepEnd: () => aborter.abort() }] });
  await expect(aborted.result).rejects.toThrow(/abort/i);
  aborted.close();
  const stopping = run(100_000, { observers: [{ stepEnd: () => stopping.stop() }] });
  expect((await stopping.result).stopped).toBe("stopped");
  stopping.close();
});
