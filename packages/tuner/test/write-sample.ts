// Writes the event file that tensorboard-oracle.py reads.
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { tensorBoardSample } from "./tensorboard-sample.ts";

await tf.setBackend("cpu");
process.stdout.write(await tensorBoardSample());
