// Does the package work for someone who installs it? Packs it, installs the tarball into fresh applications on each
// supported major version of Nest, compiles README.md's example there, and lets two of its processes gossip.
//
//   node test/package/install-from-tarball.mjs
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApplication } from './application.mjs';
import { killAll, run } from './commands.mjs';
import { checkGossip } from './gossip-check.mjs';

const ROOT = join(import.meta.dirname, '..', '..');
const { name, exports, devDependencies: own } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

/** What README.md, the licence and the types are allowed to come with. */
const PACKED = /^(package\.json|README\.md|LICENSE(\.md)?|docs\/.+\.(md|svg)|dist\/lib\/.+\.(js|js\.map|d\.ts))$/;

const APPLICATIONS = [
  {
    title: 'Nest 12, ES modules',
    type: 'module',
    nest: {
      '@nestjs/common': own['@nestjs/common'],
      '@nestjs/core': own['@nestjs/core'],
      '@nestjs/microservices': own['@nestjs/microservices'],
    },
    typescript: own.typescript,
  },
  {
    // What `nest new` of version 11 makes: CommonJS, so that this also loads the library with require().
    title: 'Nest 11, CommonJS',
    type: 'commonjs',
    nest: { '@nestjs/common': '11.2.10', '@nestjs/core': '11.2.10', '@nestjs/microservices': '11.2.6' },
    typescript: '5.9.3',
  },
];

const temporary = mkdtempSync(join(tmpdir(), 'gwyh-package-'));
process.once('exit', () => {
  killAll();
  rmSync(temporary, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));

try {
  const example = readExample();
  const tarball = await pack();
  for (const [i, application] of APPLICATIONS.entries()) {
    console.log(`\n${application.title}`);
    const directory = await createApplication(join(temporary, `application-${i}`), {
      ...application,
      name,
      tarball,
      own,
      example,
      exports,
    });
    await checkGossip(directory);
    console.log('  one process emitted, the handler of the other ran once');
  }
  console.log('\nOK: the packed library works on both majors of Nest');
} catch (error) {
  console.error(`\nFAILED: ${error.message}`);
  process.exitCode = 1;
}

/** The TypeScript block between the markers in README.md. */
function readExample() {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const block = /<!-- example:start -->\s*```ts\n(.*?)```\s*<!-- example:end -->/s.exec(readme);
  if (block === null)
    throw new Error('README.md has no ```ts block between <!-- example:start --> and <!-- example:end -->.');
  return block[1];
}

async function pack() {
  console.log(`Building and packing ${name}`);
  await run('npx', ['nest', 'build', name], { cwd: ROOT });
  const output = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', temporary], {
    cwd: ROOT,
  });
  const [{ filename, files, size }] = JSON.parse(output);
  const stray = files.map(({ path }) => path).filter(path => !PACKED.test(path));
  if (stray.length > 0) throw new Error(`The tarball holds files that nobody needs: ${stray.join(', ')}.`);
  console.log(`  ${files.length} files, ${Math.round(size / 1024)} KiB`);
  return join(temporary, filename);
}
