export { type EffortPlan, type EffortResult, fineTune, planEffort, type StageResult } from "./fine-tune.ts";
export { type Effort, type EffortOptions, type EffortSettings, effortSettings } from "./options.ts";
export type { StageRecipe } from "./stages.ts";
