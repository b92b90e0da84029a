import { digitsTask } from "./task.ts";

/** Returns the data of recipe.json. `graft run` calls it. */
export default function data() {
  const { train, test } = digitsTask(1);
  return { data: train, validation: test };
}
