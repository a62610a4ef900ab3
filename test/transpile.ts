import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import ts from 'typescript';

/**
 * Translates one file for a process of its own, without checking types. Node.js 20 runs no TypeScript, and the loaders
 * that do leave out the decorator metadata that Nest needs.
 */
export function transpile(source: string, output: string): void {
  const { outputText } = ts.transpileModule(readFileSync(source, 'utf8'), {
    fileName: source,
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2023,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
    },
  });
  mkdirSync(dirname(output), { recursive: true });
  writeFileSync(output, outputText);
}
