#!/usr/bin/env node
const { runProgram } = await import('../dist/main.js');
await runProgram(process.argv.slice(2), import.meta.dirname);
