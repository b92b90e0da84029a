import { missingTrainingKernels } from "@graftjs/backend";
import { type Availability, type BackendAdapter, BackendError, type Capabilities } from "@graftjs/core";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import * as tf from "@tensorflow/tfjs-core";
import { internals } from "./device/internals.ts";
import { type LiveBackend, liveBackend } from "./device/live-backend.ts";
import { NoDevice, openDevice } from "./device/open.ts";
import { trimPool } from "./device/pool.ts";
import { watchDevice } from "./device/watch.ts";
import { kernels } from "./kernels/index.ts";
import type { WebGPUBackendOptions } from "./options.ts";
import { inTurn, takePlace } from "./place.ts";
import type { Platform } from "./platform/platform.ts";
import { precompile } from "./precompile.ts";
import { registerKernels } from "./register.ts";
import type { WebGPUSession } from "./session.ts";
import { undoList } from "./undo.ts";

const NAME = "webgpu";

/** The adapter of a backend whose session does more than the contract asks. */
export interface WebGPUAdapter extends BackendAdapter {
  init(): Promise<WebGPUSession>;
}

type Peer = typeof import("@tensorflow/tfjs-backend-webgpu");

/** The adapter, given where this platform has its GPUs from. */
export function webgpuAdapter(options: WebGPUBackendOptions, platform: Platform): WebGPUAdapter {
  return {
    name: NAME,
    device: "gpu",
    async availability(): Promise<Availability> {
      try {
        const opened = await openDevice(await platform.gpu(), options, platform.noAdapterFix);
        opened.device.destroy();
        await loadPeer();
        return { ok: true, capabilities: capabilities(opened.description) };
      } catch (cause) {
        if (cause instanceof NoDevice) return { ok: false, reason: cause.reason, fix: cause.hint };
        return { ok: false, reason: messageOf(cause) };
      }
    },
    init: () => inTurn(() => open(options, platform)),
  };
}

async function open(options: WebGPUBackendOptions, platform: Platform): Promise<WebGPUSession> {
  await vacate();
  const { device, info, description } = await openDevice(await platform.gpu(), options, platform.noAdapterFix);
  const watch = watchDevice(device);
  const undo = undoList();
  undo.add(() => device.destroy());
  try {
    const backend = liveBackend(await loadPeer(), device, info, watch);
    const place = await takePlace(NAME, backend, 3);
    if (!place)
      throw new BackendError("tfjs did not take the WebGPU backend.", "Its message stands in the console above.");
    undo.add(place.leave);
    undo.add(registerKernels(NAME, kernels).dispose);
    const end = async (): Promise<void> => {
      const errors = watch.settle();
      watch.closing();
      await errors.catch(() => {});
      await undo.run();
      // Results may be wrong, and nothing after this would say so.
      await errors;
    };
    let ended: Promise<void> | undefined;
    const dispose = (): Promise<void> => {
      ended ??= end();
      return ended;
    };
    backend.retire = dispose;
    return {
      name: NAME,
      capabilities: capabilities(description),
      device,
      limits: device.limits,
      features: device.features as ReadonlySet<string>,
      errors: watch.errors,
      lost: watch.whenLost,
      assertAlive: watch.assertAlive,
      memory: () => ({
        used: internals(backend).bufferManager.numBytesUsed,
        allocated: internals(backend).bufferManager.numBytesAllocated,
      }),
      trim: () => trimPool(internals(backend).bufferManager),
      precompile: (step, onProgress) => precompile(internals(backend), step, onProgress),
      dispose,
    };
  } catch (cause) {
    watch.closing();
    await undo.run();
    throw cause;
  }
}

/**
 * Two backends of one name cannot live side by side: the tensors of the first would be lost without a word. One that is
 * lost, or on its way out, is put away first.
 */
async function vacate(): Promise<void> {
  const running = tf.engine().registry[NAME] as (WebGPUBackend & Partial<LiveBackend>) | undefined;
  if (!running) return;
  if (running.retire && (running.watch?.lost || running.watch?.closed)) {
    // What goes wrong there is for whoever disposes that session.
    await running.retire().catch(() => {});
    return;
  }
  throw new BackendError(
    running.watch ? "A WebGPU session is open already." : "tfjs's stock WebGPU backend is running already.",
    running.watch
      ? "Use that session, or dispose it first."
      : 'Call init() in place of tf.setBackend("webgpu"), or tf.removeBackend("webgpu") before it.',
  );
}

/**
 * The peer, loaded on demand: importing it registers kernels and, where there is a GPU, a stock backend that tfjs would
 * then choose by itself. That choice is taken back unless the app has made it.
 */
async function loadPeer(): Promise<Peer> {
  const known = NAME in tf.engine().registryFactory;
  let peer: Peer;
  try {
    peer = await import("@tensorflow/tfjs-backend-webgpu");
  } catch (cause) {
    throw new NoDevice(
      `@tensorflow/tfjs-backend-webgpu cannot be loaded: ${messageOf(cause)}`,
      "Install it: pnpm add @tensorflow/tfjs-backend-webgpu",
      { cause },
    );
  }
  if (!known && NAME in tf.engine().registryFactory) tf.removeBackend(NAME);
  return peer;
}

function capabilities(description: string): Capabilities {
  return { missingKernels: missingTrainingKernels(NAME), floatBits: 32, syncRead: false, description };
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
