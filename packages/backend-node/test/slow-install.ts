// An installer that stops in the middle, for tests that kill it: `tsx slow-install.ts <folder for the wheel> <cache>`.
import { installInto } from "../src/install/install-into.ts";
import { reporter } from "../src/install/report.ts";
import { smallPlan } from "./small-plan.ts";

const [root = "", cache = ""] = process.argv.slice(2);
const placeJs = async (): Promise<string> => {
  console.log("in the middle");
  await new Promise((never) => setTimeout(never, 60_000));
  return "too late";
};
await installInto(cache, smallPlan(root, { placeJs }), reporter());
