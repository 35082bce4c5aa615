#!/usr/bin/env node
// Runs the sources as they are: Node strips the types. Needs no build, and starts slower.
import { join } from 'node:path';
import { runProgram } from '../src/commands/program/main.ts';

await runProgram(process.argv.slice(2), join(import.meta.dirname, '..'), { development: true });
