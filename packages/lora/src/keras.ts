// Adapter files of Keras. Needs @graftjs/tuner, which reads HDF5.
export { readKerasLora } from "./keras/read-keras-lora.ts";
