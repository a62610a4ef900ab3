import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { install, run } from './commands.mjs';

/** Strict, and with the types of libraries checked as well: ours have to hold with either version of Nest's. */
const TSCONFIG = {
  compilerOptions: {
    module: 'nodenext',
    target: 'es2023',
    types: ['node'],
    strict: true,
    skipLibCheck: false,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    rootDir: 'src',
    outDir: 'dist',
  },
  include: ['src'],
};

/** Boots the example. The process that is told to emit does so once it is linked with the other. */
const MAIN = `
import { NestFactory } from '@nestjs/core';
import { GwyhNode } from 'nestjs-gwyh';
import { AppModule, CacheController } from './example.js';

async function bootstrap(): Promise<void> {
  const app = await NestFactory.createApplicationContext(AppModule);
  app.enableShutdownHooks();
  await app.get(GwyhNode).ready();
  console.log('ready');
  if (process.argv[2] === 'emit') app.get(CacheController).invalidate('user:42');
}

bootstrap().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
`;

/** A fresh application with the tarball installed and the example compiled. Returns its directory. */
export async function createApplication(directory, { name, tarball, own, type, nest, typescript, example, exports }) {
  mkdirSync(join(directory, 'src'), { recursive: true });
  const write = (file, text) => writeFileSync(join(directory, file), text);
  const manifest = {
    name: 'application',
    version: '1.0.0',
    private: true,
    type,
    dependencies: {
      ...nest,
      [name]: `file:${tarball}`,
      'reflect-metadata': own['reflect-metadata'],
      rxjs: own.rxjs,
      typescript,
      '@types/node': own['@types/node'],
    },
  };
  write('package.json', JSON.stringify(manifest));
  write('tsconfig.json', JSON.stringify(TSCONFIG));
  write(join('src', 'example.ts'), example);
  write(join('src', 'main.ts'), MAIN);

  await install(directory);
  console.log(`  installed, with Nest ${nest['@nestjs/core']} and TypeScript ${typescript}`);
  await run(process.execPath, [join('node_modules', 'typescript', 'bin', 'tsc')], { cwd: directory });
  console.log("  compiled README.md's example");
  await checkEntrances(directory, name, exports);
  return directory;
}

/** Every entrance that package.json names leads somewhere, by import() and by require(). */
async function checkEntrances(directory, name, exports) {
  const entrances = Object.keys(exports).filter(path => !path.endsWith('.json'));
  for (const entrance of entrances.map(path => JSON.stringify(name + path.slice(1)))) {
    await run(process.execPath, ['--input-type=module', '-e', `await import(${entrance})`], { cwd: directory });
    await run(process.execPath, ['--input-type=commonjs', '-e', `require(${entrance})`], { cwd: directory });
  }
}
