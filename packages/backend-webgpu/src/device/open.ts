import { messageOf, UnavailableError } from "@graftjs/backend";

/** Requirements on the device. */
export interface DeviceOptions {
  /** Which GPU to use on a machine with two. @default "high-performance" */
  readonly powerPreference?: "high-performance" | "low-power";
  /**
   * Smallest acceptable value of each named limit, e.g. `{ maxBufferSize: 2 ** 31 }`. The device always gets the largest limits
   * that the adapter offers. @default {}
   */
  readonly minLimits?: { readonly [limit: string]: number };
  /** Features that the device must have, e.g. `["shader-f16"]`. @default [] */
  readonly features?: readonly GPUFeatureName[];
  /**
   * Accept an adapter that computes on the CPU (SwiftShader, llvmpipe, WARP). This is meant for tests: the wasm backend is
   * faster on such machines. @default false
   */
  readonly allowSoftware?: boolean;
}

/** A device with its description. */
export interface OpenedDevice {
  readonly device: GPUDevice;
  readonly info: GPUAdapterInfo | undefined;
  /** One line for people. */
  readonly description: string;
}

/** Features that make tfjs faster or let it measure kernels. They are requested if the adapter has them. */
const WANTED: readonly string[] = ["timestamp-query", "bgra8unorm-storage"];

/** Limits that are raised from WebGPU's defaults to the adapter's own: for large tensors and many tensors per dispatch. */
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

/** Names of drivers that compute on the CPU. Not every browser marks them as fallback adapters. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|microsoft basic render/i;

/**
 * Opens a device with the limits of the GPU's adapter.
 *
 * @param noAdapterFix advice for this platform if no adapter is found.
 * @throws UnavailableError if no adapter is found, if the only adapter computes on the CPU, or if limits or features are missing. The
 * error lists all missing ones.
 */
export async function openDevice(
  gpu: GPU,
  { powerPreference, minLimits, features, allowSoftware }: Required<DeviceOptions>,
  noAdapterFix: string,
): Promise<OpenedDevice> {
  const adapter = await gpu.requestAdapter({ powerPreference });
  if (!adapter) throw unavailable("no adapter was found (requestAdapter() gave null)", noAdapterFix);
  const { info } = adapter as Described;
  if (!allowSoftware && isSoftware(adapter)) {
    throw unavailable(
      `the adapter ${describe(info)} is software, which computes on the CPU`,
      "Use the wasm backend, which is faster on such a machine, or update the graphics driver if there is a GPU. For tests: `allowSoftware: true`.",
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
    throw unavailable(
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
    throw unavailable(
      `the adapter ${describe(info)} gave no device: ${messageOf(cause)}`,
      "Update the graphics driver.",
      { cause },
    );
  }
}

/** Members of newer versions of the WebGPU standard that our types lack. */
type Described = GPUAdapter & { readonly info?: GPUAdapterInfo & { readonly isFallbackAdapter?: boolean } };

function isSoftware(adapter: Described): boolean {
  const { info, isFallbackAdapter } = adapter;
  return isFallbackAdapter === true || info?.isFallbackAdapter === true || SOFTWARE.test(describe(info));
}

function describe(info: GPUAdapterInfo | undefined): string {
  const words = [info?.description || info?.device, info?.vendor, info?.architecture].filter(Boolean);
  return words.length > 0 ? words.join(", ") : "of unknown make";
}

function unavailable(reason: string, fix: string, options?: ErrorOptions): UnavailableError {
  return new UnavailableError("WebGPU", reason, fix, options);
}
