import { missingTrainingKernels } from "@graftjs/backend";
import { type Availability, type BackendAdapter, BackendError, type Capabilities } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { createCanvas, describeContext, loseContext, NoContext } from "./context/canvas.ts";
import { type LiveBackend, liveBackend } from "./context/live-backend.ts";
import { textureBytes as bytesOf, trimPool } from "./context/pool.ts";
import { watchContext } from "./context/watch.ts";
import { trainingKernels } from "./kernels/index.ts";
import { type WebGLBackendOptions, webglOptions } from "./options.ts";
import { inTurn, takePlace } from "./place.ts";
import { precompile } from "./precompile.ts";
import { registerKernels } from "./register.ts";
import type { WebGLSession } from "./session.ts";
import { undoList } from "./undo.ts";

const NAME = "webgl";
/** tfjs's flag: bytes of textures, in all, above which a freed one is deleted. −1 in stock: never. */
const THRESHOLD = "WEBGL_DELETE_TEXTURE_THRESHOLD";

/** The adapter of a backend whose session does more than the contract asks. */
export interface WebGLAdapter extends BackendAdapter {
  init(): Promise<WebGLSession>;
}

type Peer = typeof import("@tensorflow/tfjs-backend-webgl");

/**
 * Training on WebGL, in a page or a Web Worker.
 *
 * `init()` makes tfjs's WebGL backend current on a context of its own and registers the kernels that stock WebGL lacks or
 * gets wrong. From then on a lost context is a `BackendLostError` of the next operation, texture memory is bounded, and
 * float32 devices are known as such. `dispose()` gives the context up and puts the stock backend back.
 *
 * @throws OptionsError for unknown options. `init()` throws a BackendError that says what is missing and what to do.
 */
export function webglBackend(options: WebGLBackendOptions = {}): WebGLAdapter {
  const { allowFloat16 = false, textureBytes = 2 ** 26 } = webglOptions.parse("webgl", options);
  return {
    name: NAME,
    device: "gpu",
    async availability(): Promise<Availability> {
      try {
        const description = describeContext();
        await loadPeer();
        const floatBits = precision(allowFloat16);
        return { ok: true, capabilities: capabilities(description, floatBits, Object.keys(trainingKernels)) };
      } catch (cause) {
        if (cause instanceof NoContext) return { ok: false, reason: cause.reason, fix: cause.hint };
        return { ok: false, reason: messageOf(cause) };
      }
    },
    init: () => inTurn(() => open(allowFloat16, textureBytes)),
  };
}

async function open(allowFloat16: boolean, textureBytes: number): Promise<WebGLSession> {
  await vacate();
  const description = describeContext();
  const peer = await loadPeer();
  const floatBits = precision(allowFloat16);
  const canvas = createCanvas();
  const backend = liveBackend(peer, canvas, floatBits, (gl) => watchContext(gl, canvas));
  const { watch } = backend;
  const { gl } = backend.gpgpu;
  const undo = undoList();
  undo.add(() => loseContext(gl));
  try {
    const place = await takePlace(NAME, backend, 2);
    if (!place)
      throw new BackendError("tfjs did not take the WebGL backend.", "Its message stands in the console above.");
    undo.add(place.leave);
    const threshold = tf.env().getNumber(THRESHOLD);
    undo.add(() => tf.env().set(THRESHOLD, threshold));
    tf.env().set(THRESHOLD, textureBytes);
    undo.add(registerKernels(NAME, trainingKernels).dispose);
    let ended: Promise<void> | undefined;
    const dispose = (): Promise<void> => {
      watch.closing();
      backend.abandon(
        new BackendError("The WebGL session was disposed before this was read.", "Await reads before dispose()."),
      );
      ended ??= undo.run();
      return ended;
    };
    backend.retire = dispose;
    return {
      name: NAME,
      capabilities: capabilities(description, floatBits),
      gl,
      lost: watch.whenLost,
      assertAlive: () => watch.assertAlive(),
      memory: () => bytesOf(backend),
      trim: () => trimPool(backend),
      precompile: (step, onProgress) => precompile(backend, step, onProgress),
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
  const running = tf.engine().registry[NAME] as (tf.KernelBackend & Partial<LiveBackend>) | undefined;
  if (!running) return;
  if (running.retire && (running.watch?.lost || running.watch?.closed)) {
    await running.retire();
    return;
  }
  throw new BackendError(
    running.watch ? "A WebGL session is open already." : "tfjs's stock WebGL backend is running already.",
    running.watch
      ? "Use that session, or dispose it first."
      : 'Call init() in place of tf.setBackend("webgl"), or tf.removeBackend("webgl") before it.',
  );
}

/**
 * The peer, loaded on demand: importing it registers kernels and a stock backend that tfjs would then choose by itself.
 * That choice is taken back unless the app has made it.
 */
async function loadPeer(): Promise<Peer> {
  const known = NAME in tf.engine().registryFactory;
  let peer: Peer;
  try {
    peer = await import("@tensorflow/tfjs-backend-webgl");
  } catch (cause) {
    throw new NoContext(
      `@tensorflow/tfjs-backend-webgl cannot be loaded: ${messageOf(cause)}`,
      "Install it: pnpm add @tensorflow/tfjs-backend-webgl",
      { cause },
    );
  }
  if (!known && NAME in tf.engine().registryFactory) tf.removeBackend(NAME);
  return peer;
}

/** Bits of the floats that the device can render to, as tfjs found out. @throws NoContext for 16, unless allowed. */
function precision(allowFloat16: boolean): 16 | 32 {
  if (!tf.env().getBool("HAS_WEBGL")) {
    throw new NoContext(
      "tfjs takes no WebGL context here: the browser draws by software and calls that a major caveat",
      'Take the wasm backend; to use it all the same: tf.env().set("SOFTWARE_WEBGL_ENABLED", true) before anything else.',
    );
  }
  if (tf.env().getBool("WEBGL_RENDER_FLOAT32_CAPABLE") && !tf.env().getBool("WEBGL_FORCE_F16_TEXTURES")) return 32;
  if (allowFloat16) return 16;
  throw new NoContext(
    "this device renders to 16-bit floats only, in which gradients vanish and training may end in NaN",
    "Take the wasm backend, or pass `allowFloat16: true` if you accept that.",
  );
}

function capabilities(description: string, floatBits: 16 | 32, promised: readonly string[] = []): Capabilities {
  return { missingKernels: missingTrainingKernels(NAME, promised), floatBits, syncRead: true, description };
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
