// Writes prebuilt/native-sum.json, the sum of the sources in native/. Run it after each change of them: tsx scripts/native-sum.ts
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { sumOfOwnSources } from "../src/install/own-sources.ts";

const file = join(import.meta.dirname, "../prebuilt/native-sum.json");
writeFileSync(file, `${JSON.stringify({ sha256: sumOfOwnSources() }, null, 2)}\n`);
