// The public names that need no Node. See node.ts for MPI.
export type { Collective } from "@graftjs/tuner";
export { averageGradients } from "./average-gradients.ts";
export type { MemoryGroup } from "./memory/layout.ts";
export { type MemoryOptions, memory, memoryGroup } from "./memory/memory.ts";
export { RankError } from "./rank-error.ts";
export { single } from "./single.ts";
