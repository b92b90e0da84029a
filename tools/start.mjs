// `npm start` installs the dependencies and runs the quickstart.
import { bin, bootstrap, run } from "./bootstrap.mjs";

bootstrap();
run(bin("tsx"), ["examples/quickstart/main.ts", ...process.argv.slice(2)]);
