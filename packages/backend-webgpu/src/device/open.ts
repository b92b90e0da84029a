import { BackendError } from "@graftjs/core";

/** How a device is asked for. */
export interface DeviceOptions {
  /** Which GPU of a machine with two. @default "high-performance" */
  readonly powerPreference?: "high-performance" | "low-power";
  /** Least limits the device must have, e.g. `{ maxBufferSize: 2 ** 31 }`. The most that the adapter has is asked for anyway. @default {} */
  readonly minLimits?: { readonly [limit: string]: number };
  /** Features the device must have, e.g. `["shader-f16"]`. @default [] */
  readonly features?: readonly GPUFeatureName[];
  /** Take an adapter that computes on the CPU (SwiftShader, llvmpipe, WARP): for tests. The wasm backend is faster there. @default false */
  readonly allowSoftware?: boolean;
}

/** A device, and what is known of it. */
export interface OpenedDevice {
  readonly device: GPUDevice;
  readonly info: GPUAdapterInfo | undefined;
  /** One line for people. */
  readonly description: string;
}

/** Why there is no device, and what to do: the two halves of a probe's answer. */
export class NoDevice extends BackendError {
  readonly reason: string;
  constructor(reason: string, fix: string, options?: ErrorOptions) {
    super(`WebGPU: ${reason}.`, fix, options);
    this.reason = reason;
  }
}

/** Features that make tfjs faster or let it time kernels: taken where the adapter has them. */
const WANTED: readonly string[] = ["timestamp-query", "bgra8unorm-storage"];

/** Limits raised from WebGPU's defaults to what the adapter has: large tensors, and many tensors in one dispatch. */
const RAISED: readonly string[] = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxBindingsPerBindGroup",
  "maxComputeWorkgroupsPerDimension",
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupSizeX",
  "maxComputeInvocationsPerWorkgroup",
];

/** Drivers that compute on the CPU, by the names they give themselves: not every browser marks them as fallback adapters. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|microsoft basic render/i;

/**
 * Opens a device with the adapter's own limits.
 *
 * @param noAdapterFix what to do on this platform where there is no adapter.
 * @throws NoDevice where there is none, one of software alone, or none with the limits and features asked for; all that is
 * lacking at once.
 */
export async function openDevice(
  gpu: GPU,
  { powerPreference = "high-performance", minLimits = {}, features = [], allowSoftware = false }: DeviceOptions,
  noAdapterFix: string,
): Promise<OpenedDevice> {
  const adapter = await gpu.requestAdapter({ powerPreference });
  if (!adapter) throw new NoDevice("there is no adapter (requestAdapter() gave null)", noAdapterFix);
  const { info } = adapter as Described;
  if (!allowSoftware && isSoftware(adapter)) {
    throw new NoDevice(
      `the adapter ${describe(info)} is software, which computes on the CPU`,
      "Take the wasm backend, which is faster there, or update the graphics driver if there is a GPU. For tests: `allowSoftware: true`.",
    );
  }
  const has = adapter.limits as unknown as Record<string, number | undefined>;
  const lacking = [
    ...Object.entries(minLimits)
      .filter(([name, least]) => !((has[name] ?? 0) >= least))
      .map(([name, least]) => `${name} is ${has[name] ?? "unknown"}, not ${least}`),
    ...features.filter((feature) => !adapter.features.has(feature)).map((feature) => `no feature ${feature}`),
  ];
  if (lacking.length > 0) {
    throw new NoDevice(
      `the adapter is too weak: ${lacking.join("; ")}`,
      "Ask for less in `minLimits` and `features`, or update the graphics driver.",
    );
  }
  try {
    const device = await adapter.requestDevice({
      requiredFeatures: [
        ...WANTED.filter((name) => adapter.features.has(name)),
        ...features,
      ] as Iterable<GPUFeatureName>,
      requiredLimits: Object.fromEntries(
        [...RAISED, ...Object.keys(minLimits)].flatMap((name) => (has[name] === undefined ? [] : [[name, has[name]]])),
      ),
    });
    return { device, info, description: describe(info) };
  } catch (cause) {
    throw new NoDevice(
      `the adapter ${describe(info)} gave no device: ${cause instanceof Error ? cause.message : String(cause)}`,
      "Update the graphics driver.",
      { cause },
    );
  }
}

/** What newer versions of the standard have than our types. */
type Described = GPUAdapter & { readonly info?: GPUAdapterInfo & { readonly isFallbackAdapter?: boolean } };

function isSoftware(adapter: Described): boolean {
  const { info, isFallbackAdapter } = adapter;
  return isFallbackAdapter === true || info?.isFallbackAdapter === true || SOFTWARE.test(describe(info));
}

function describe(info: GPUAdapterInfo | undefined): string {
  const words = [info?.description || info?.device, info?.vendor, info?.architecture].filter(Boolean);
  return words.length > 0 ? words.join(", ") : "of unknown make";
}
