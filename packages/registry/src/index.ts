export type { Used } from "./build.ts";
export type { Entry } from "./entries.ts";
export { jsonOptions } from "./json-options.ts";
export type { JsonSchema } from "./json-schema.ts";
export { defineKind, type Kind, type KindOf, type RunParts } from "./kinds.ts";
export type { JsonSelector, Recipe, Resolved, Use } from "./recipe.ts";
export { createRegistry, type Listing, type Registry, type RunSchema } from "./registry.ts";
