import {
  assertOptions,
  type BackendAdapter,
  BackendError,
  type BackendLostError,
  type Capabilities,
  missingTrainingKernels,
  type Probe,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { createCanvas, describeContext, loseContext, NoContext } from "./context/canvas.ts";
import { type LiveBackend, liveBackend } from "./context/live-backend.ts";
import { textureBytes as bytesOf, trimPool } from "./context/pool.ts";
import { watchContext } from "./context/watch.ts";
import { trainingKernels } from "./kernels/index.ts";
import { type WebGLBackendOptions, webglOptions } from "./options.ts";
import { registerKernels } from "./register.ts";
import type { WebGLSession } from "./session.ts";

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
  assertOptions("webgl", webglOptions, options);
  const { allowFloat16 = false, textureBytes = 2 ** 26 } = options;
  return {
    name: NAME,
    device: "gpu",
    async probe(): Promise<Probe> {
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
    async init(): Promise<WebGLSession> {
      assertFree();
      const description = describeContext();
      const peer = await loadPeer();
      const floatBits = precision(allowFloat16);
      const canvas = createCanvas();
      const backend = liveBackend(peer, canvas, floatBits, (gl) => watchContext(gl, canvas));
      const { gl } = backend.gpgpu;
      const former = tf.engine().backendName;
      const stock = tf.engine().registryFactory[NAME];
      if (stock) tf.removeBackend(NAME);
      tf.registerBackend(NAME, () => backend, 2);
      // tfjs answers false where others would throw, and the name is set all the same.
      if (!(await tf.setBackend(NAME))) {
        tf.removeBackend(NAME);
        loseContext(gl);
        throw new BackendError("tfjs did not take the WebGL backend.", "Its message stands in the console above.");
      }
      const threshold = tf.env().getNumber(THRESHOLD);
      tf.env().set(THRESHOLD, textureBytes);
      const registration = registerKernels(NAME, trainingKernels);
      let open = true;
      return {
        name: NAME,
        capabilities: capabilities(description, floatBits),
        gl,
        lost: backend.watch.whenLost,
        assertAlive: () => backend.watch.assertAlive(),
        memory: () => bytesOf(backend),
        trim: () => trimPool(backend),
        async dispose(): Promise<void> {
          if (!open) return;
          open = false;
          registration.dispose();
          tf.env().set(THRESHOLD, threshold);
          backend.watch.closing();
          if (tf.engine().registry[NAME] === backend) {
            const current = tf.engine().backendName === NAME;
            tf.removeBackend(NAME);
            if (stock) tf.registerBackend(NAME, stock.factory, stock.priority);
            if (current && former && former !== NAME) await tf.setBackend(former);
          } else {
            backend.dispose();
          }
          loseContext(gl);
        },
      };
    },
  };
}

/** Two backends of one name cannot live side by side: the tensors of the first would be lost without a word. */
function assertFree(): void {
  const running = tf.engine().registry[NAME] as (tf.KernelBackend & Partial<LiveBackend>) | undefined;
  if (!running || isLost(running.watch)) return;
  throw new BackendError(
    running.watch ? "A WebGL session is open already." : "tfjs's stock WebGL backend is running already.",
    running.watch
      ? "Use that session, or dispose it first."
      : 'Call init() in place of tf.setBackend("webgl"), or tf.removeBackend("webgl") before it.',
  );
}

function isLost(watch: { readonly lost: BackendLostError | undefined } | undefined): boolean {
  return watch?.lost !== undefined;
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
