import { BackendError } from "@graftjs/core";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import type { BackendValues, DataType, TensorInfo } from "@tensorflow/tfjs-core";
import type { DeviceWatch } from "./watch.ts";

type Peer = typeof import("@tensorflow/tfjs-backend-webgpu");
type Program = Parameters<WebGPUBackend["runWebGPUProgram"]>[0];
type Uniforms = Parameters<WebGPUBackend["runWebGPUProgram"]>[3];

/** tfjs's backend that knows when its device is gone. */
export interface LiveBackend extends WebGPUBackend {
  readonly watch: DeviceWatch;
  /** Ends the session that the backend belongs to. */
  retire?: () => Promise<void>;
}

/**
 * Makes tfjs's backend on `device`, asking `watch` before every kernel and every read: on a lost device stock kernels go
 * on silently and reads fail with whatever the browser says.
 *
 * A function rather than a class of its own: the peer is loaded on demand, and its class with it.
 */
export function liveBackend(
  peer: Peer,
  device: GPUDevice,
  info: GPUAdapterInfo | undefined,
  watch: DeviceWatch,
): LiveBackend {
  class Live extends peer.WebGPUBackend implements LiveBackend {
    readonly watch: DeviceWatch = watch;
    retire?: () => Promise<void>;

    override runWebGPUProgram(
      program: Program,
      inputs: TensorInfo[],
      dtype: DataType,
      uniforms?: Uniforms,
      output?: TensorInfo,
    ): TensorInfo {
      watch.assertAlive();
      return super.runWebGPUProgram(program, inputs, dtype, uniforms, output);
    }

    override uploadToGPU(dataId: object): void {
      watch.assertAlive();
      super.uploadToGPU(dataId);
    }

    override async read(dataId: object): Promise<BackendValues> {
      watch.assertAlive();
      let values: BackendValues;
      try {
        values = await super.read(dataId);
      } catch (cause) {
        throw await watch.explain(cause);
      }
      // A validation error of the kernels before the read arrives with it at the latest.
      if (watch.errors.length > 0) watch.assertAlive();
      return values;
    }

    override readSync(dataId: object): BackendValues {
      watch.assertAlive();
      if (typeof OffscreenCanvas === "undefined" && this.tensorMap.get(dataId).values == null) {
        throw new BackendError(
          "WebGPU cannot read a tensor synchronously here.",
          "Use `await tensor.data()` in place of `tensor.dataSync()`.",
        );
      }
      return super.readSync(dataId);
    }
  }
  return new Live(device, info);
}
