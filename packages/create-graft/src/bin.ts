#!/usr/bin/env node
import { processIo } from "@graftjs/cli";
import { create } from "./index.ts";

process.exitCode = await create(process.argv.slice(2), processIo());
