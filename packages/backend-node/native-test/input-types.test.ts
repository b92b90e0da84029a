import * as tf from "@tensorflow/tfjs-core";
import { testInputTypes } from "../../tuner/test/input-types-suite.ts";
import { nativeBackend } from "../src/index.ts";

await nativeBackend().init();
testInputTypes(tf.getBackend());
