import type { Target } from "./target.ts";

/** A file of a Python package index, and the members to unpack from it. */
export interface PinnedWheel {
  readonly project: string;
  readonly version: string;
  readonly file: string;
  readonly sha256: string;
  /** Members to unpack, by the start of their path. */
  readonly members: readonly string[];
  /** pip's platform tags for the file. */
  readonly platforms: readonly string[];
}

const X64 = ["manylinux_2_17_x86_64", "manylinux2014_x86_64"];
const ARM64 = ["manylinux_2_17_aarch64", "manylinux2014_aarch64"];
const LIBRARIES = ["tensorflow/libtensorflow_cc.", "tensorflow/libtensorflow_framework.", "tensorflow.libs/"];

/** Version and sha256 of NVIDIA's packages, from the `and-cuda` extra of TensorFlow 2.18.1. */
const CUDA: readonly (readonly [project: string, version: string, sha256: string])[] = [
  ["nvidia-cublas-cu12", "12.5.3.2", "ca070ad70e9fa6654084575d01bd001f30cc4665e33d4bb9fc8e0f321caa034b"],
  ["nvidia-cuda-cupti-cu12", "12.5.82", "bde77a5feb66752ec61db2adfe47f56b941842825b4c7e2068aff27c9d107953"],
  ["nvidia-cuda-nvcc-cu12", "12.5.82", "b03e545b8e8c3ce7ebcd7fc44063180ff52ff01d064ece2127ed90a04ef12cd0"],
  ["nvidia-cuda-nvrtc-cu12", "12.5.82", "3dbd97b0104b4bfbc3c4f8c79cd2496307c89c43c29a9f83125f1d76296ff3fd"],
  ["nvidia-cuda-runtime-cu12", "12.5.82", "3e79a060e126df40fd3a068f3f787eb000fa51b251ec6cd97d09579632687115"],
  ["nvidia-cudnn-cu12", "9.3.0.75", "9ad9c6929ebb5295eb4a1728024666d1c88283373e265a0c5c883e6f9d5cd76d"],
  ["nvidia-cufft-cu12", "11.2.3.61", "9a6e8df162585750f61983a638104a48c756aa13f9f48e19ab079b38e3c828b8"],
  ["nvidia-curand-cu12", "10.3.6.82", "2823fb27de4e44dbb22394a6adf53aa6e1b013aca0f8c22867d1cfae58405536"],
  ["nvidia-cusolver-cu12", "11.6.3.83", "93cfafacde4428b71778eeb092ec615a02a3d05404da1bcf91c53e3fa1bce42b"],
  ["nvidia-cusparse-cu12", "12.5.1.3", "016df8e993c437e8301e62739f01775cba988fd5253cd4c64173f8e8d2f8e752"],
  ["nvidia-nccl-cu12", "2.21.5", "8579076d30a8c24988834445f8d633c697d42397e92ffc3f63fa26766d25e0a0"],
  ["nvidia-nvjitlink-cu12", "12.5.82", "f9b37bc5c8cf7509665cb6ada5aaa0ce65618f2332b7d3e78e9790511f111212"],
];

/**
 * Wheels to download for each target.
 *
 * 2.16.2 is the newest TensorFlow that passes tfjs-core's own suite. Since 2.17, `round` of int32 returns 0
 * (tensorflow/tensorflow#74789), which the adapter fixes. CUDA still needs 2.18.1, because 2.16 does not find CUDA in pip's
 * packages.
 */
export const WHEELS: Readonly<Record<Target, readonly PinnedWheel[]>> = {
  "linux-x64-cpu": [
    {
      project: "tensorflow-cpu",
      version: "2.16.2",
      file: "tensorflow_cpu-2.16.2-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
      sha256: "c855cb6bf05d32dd5928086b03a5f6b4189b63c22b95e017703cbee4291023ca",
      members: LIBRARIES,
      platforms: X64,
    },
  ],
  "linux-arm64-cpu": [
    {
      project: "tensorflow",
      version: "2.16.2",
      file: "tensorflow-2.16.2-cp311-cp311-manylinux_2_17_aarch64.manylinux2014_aarch64.whl",
      sha256: "8728b12bc86941d90d0a927c40d4b21f8820964a80439a7c45f850eb37d57067",
      members: LIBRARIES,
      platforms: ARM64,
    },
  ],
  "darwin-arm64-cpu": [
    {
      project: "tensorflow",
      version: "2.16.2",
      file: "tensorflow-2.16.2-cp311-cp311-macosx_12_0_arm64.whl",
      sha256: "2c8a0e79395639b762e62002db99b2f6cc608f744312c9940899c1128f325331",
      members: LIBRARIES,
      platforms: ["macosx_12_0_arm64"],
    },
  ],
  "linux-x64-gpu": [
    {
      project: "tensorflow",
      version: "2.18.1",
      file: "tensorflow-2.18.1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
      sha256: "c9f87e5d2a680a4595f5dc30daf6bbaec9d4129b46d7ef1b2af63c46ac7d2828",
      members: LIBRARIES,
      platforms: X64,
    },
    ...CUDA.map(([project, version, sha256]) => ({
      project,
      version,
      file: `${project.replaceAll("-", "_")}-${version}-py3-none-manylinux2014_x86_64.whl`,
      sha256,
      // TensorFlow needs nvcc for ptxas and libdevice.
      members: project === "nvidia-cuda-nvcc-cu12" ? ["nvidia/cuda_nvcc/"] : ["nvidia/"],
      platforms: X64,
    })),
  ],
};
