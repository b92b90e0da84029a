import "@tensorflow/tfjs-layers";
import { trainAndPost } from "../../../tools/browser/suite/worker.ts";
import { webgpuBackend } from "../src/index.ts";

void trainAndPost(webgpuBackend({ allowSoftware: true }), 12);
