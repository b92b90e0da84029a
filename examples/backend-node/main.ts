import { main } from "./train.ts";

console.log(await main());
