import "@tensorflow/tfjs-layers";
import { trainAndPost } from "../../../tools/browser/suite/worker.ts";
import { webglBackend } from "../src/index.ts";

void trainAndPost(webglBackend(), 12);
