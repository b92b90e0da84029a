import { digitsTask } from "./task.ts";

/** The data of recipe.json, for `graft run`. */
export default function data() {
  const { train, test } = digitsTask(1);
  return { data: train, validation: test };
}
