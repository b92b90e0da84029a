import type { StudioClient } from "../page/client.ts";
import type { StudioState } from "../protocol.ts";
import type { Texts } from "../texts/en.ts";
import type { Thumbnails } from "./thumbnails.ts";

/** Means that every part of the page uses. */
export interface Context {
  readonly client: StudioClient;
  readonly texts: Texts;
  readonly thumbnails: Thumbnails;
  /** Reads a message to users of screen readers and shows it for a while. */
  announce(message: string): void;
  /** Runs a command and explains an error to the user. */
  attempt<T>(work: Promise<T>): Promise<T | undefined>;
}

/** A part of the page. */
export interface Part {
  readonly element: HTMLElement;
  update(state: StudioState): void;
}

/** Number of colours for classes in the style sheet. */
const COLOURS = 6;

/** Returns the style class of the colour of a class. @param place place in the list of classes */
export function colourOf(place: number): string {
  return `colour-${place % COLOURS}`;
}

/** Returns the shown name of a class. @param place place in the list of classes */
export function nameOf(name: string, place: number, texts: Texts): string {
  return name || texts.classNumber(place + 1);
}
