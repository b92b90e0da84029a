// Adapter files of HF PEFT. Needs @graftjs/tuner, which reads and writes safetensors.
export type { ModuleNames } from "./peft/module-names.ts";
export { PeftError } from "./peft/peft-error.ts";
export type { PeftFiles } from "./peft/peft-files.ts";
export { type ReadPeftOptions, readPeft } from "./peft/read-peft.ts";
export { type WritePeftOptions, writePeft } from "./peft/write-peft.ts";
