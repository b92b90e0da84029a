/** A class of pictures. */
export interface PictureClass {
  readonly id: string;
  readonly name: string;
}

/** Names that a person has given. The pictures are stored beside them. */
export interface Project {
  readonly name: string;
  readonly classes: readonly PictureClass[];
}

/** A picture of a class. */
export interface Picture {
  readonly id: string;
  readonly classId: string;
  /** A square JPEG of at most 224 × 224 pixels. */
  readonly jpeg: Blob;
  /** Place in the order of arrival. */
  readonly order: number;
}

/** How much of the model is trained: the last layer, the last blocks, or every layer. */
export type Effort = "head" | "blocks" | "whole";
export const EFFORTS: readonly Effort[] = ["head", "blocks", "whole"];

/** A finished training. */
export interface Result {
  readonly effort: Effort;
  /** Classes in the order of the model's outputs. */
  readonly classes: readonly PictureClass[];
  /** Ids of the pictures that were learned. */
  readonly learned: readonly string[];
  /** Counts of the pictures kept aside: row = class of the picture, column = answer. */
  readonly confusion: readonly (readonly number[])[];
  /** Pictures kept aside that got a wrong answer. */
  readonly wrong: readonly { readonly id: string; readonly classId: string; readonly answer: string }[];
  readonly seconds: number;
  readonly curve: readonly CurvePoint[];
}

/** Values after one round through all pictures. Shares are from 0 to 1. */
export interface CurvePoint {
  readonly loss: number;
  readonly accuracy: number;
  /** Of the pictures kept aside. Undefined if none is kept aside. */
  readonly heldOut: number | undefined;
}

/** Returns a project with two classes without names and pictures. */
export function newProject(): Project {
  return { name: "", classes: [0, 1].map(() => ({ id: crypto.randomUUID(), name: "" })) };
}

/** Largest number of classes, of pictures and of characters of a name. */
export const LIMITS = { classes: 50, pictures: 5000, name: 60 } as const;

/** Returns a name without control characters and of bounded length. */
export function cleanName(name: string): string {
  return name.replace(/\p{C}/gu, " ").trim().slice(0, LIMITS.name);
}

/** Returns whether a picture is kept aside to test the model: every fifth one of its class. @param place place within the class, from 0 */
export function isHeldOut(place: number): boolean {
  return place % 5 === 4;
}
