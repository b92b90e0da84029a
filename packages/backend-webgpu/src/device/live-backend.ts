import { BackendError } from "@graftjs/core";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import type { BackendValues, DataType, TensorInfo } from "@tensorflow/tfjs-core";
import { withWholeNumbers } from "./integer-transpose.ts";
import type { Peer } from "./peer.ts";
import type { DeviceWatch } from "./watch.ts";

type Program = Parameters<WebGPUBackend["runWebGPUProgram"]>[0];
type Uniforms = Parameters<WebGPUBackend["runWebGPUProgram"]>[3];

/** tfjs's backend, extended to notice that its device is lost. */
export interface LiveBackend extends WebGPUBackend {
  readonly watch: DeviceWatch;
  /** Ends the session that the backend belongs to. */
  retire?: () => Promise<void>;
}

/**
 * Makes tfjs's backend on `device`. It asks `watch` before every kernel and every read. On a lost device, stock kernels
 * continue silently, and reads fail with an error that depends on the browser.
 *
 * The class is declared inside the function because its base class belongs to the peer, which is loaded on demand.
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
      const [first] = inputs;
      // A cast from truth values to floats keeps the buffer, so only the buffer's own type counts.
      const from = first ? this.tensorMap.get(first.dataId).dtype : dtype;
      return super.runWebGPUProgram(withWholeNumbers(program, from, dtype), inputs, dtype, uniforms, output);
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
      // Validation errors of the kernels before this read have been reported by now.
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
