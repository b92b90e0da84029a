export { type DefineStudioOptions, defineStudio } from "./element.ts";
export type { ErrorCode } from "./protocol.ts";
export { StudioError } from "./protocol.ts";
export type { Effort } from "./project/project.ts";
export { de } from "./texts/de.ts";
export { en, type Texts } from "./texts/en.ts";
