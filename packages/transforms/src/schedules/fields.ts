import type { OptionSchema } from "@graftjs/core";

/** Option schemas that schedules share. */
export const rate = (description: string): OptionSchema => ({ type: "number", minimum: 0, description });
export const positive = (description: string): OptionSchema => ({ type: "number", exclusiveMinimum: 0, description });
export const count = (description: string): OptionSchema => ({ type: "integer", minimum: 1, description });
