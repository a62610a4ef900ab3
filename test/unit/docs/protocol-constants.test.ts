import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Wish } from '../../../lib/engine/broadcast/stream-link.js';
import * as handshakeMessages from '../../../lib/engine/crypto/handshake-messages.js';
import { MEMBER_STATES } from '../../../lib/engine/membership/member.js';
import { Frame, Role } from '../../../lib/engine/wire/frame.js';
import { EventExtension } from '../../../lib/nest/event-extensions.js';
import { checkedRows, code, type Row } from './markdown-tables.js';

const DOCUMENT = 'PROTOCOL.md';

/** `name, value, unit, what breaks, file` of each constant in the document. */
const constants = checkedRows(DOCUMENT, 'constants').map(([name, value, , , file]) => ({
  name: code(name!),
  value: JSON.parse(code(value!)) as unknown,
  file: code(file!),
}));

/** Number and name of each row of a table that begins with these two. */
function numbered(rows: readonly Row[]): Record<string, number> {
  return Object.fromEntries(rows.map(([number, name]) => [code(name!), Number(code(number!))]));
}

async function exportedFrom(file: string, path: string): Promise<unknown> {
  const module: unknown = await import(new URL(`../../../${file}`, import.meta.url).pathname);
  return path.split('.').reduce((owner, name) => (owner as Record<string, unknown>)[name], module);
}

/** Names of the numbers, and lists of numbers, that the modules of the engine export in capitals. */
async function exportedNumbers(): Promise<string[]> {
  const engine = new URL('../../../lib/engine/', import.meta.url);
  const files = readdirSync(engine, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'));
  const modules = await Promise.all(files.map(file => import(new URL(file, engine).pathname) as Promise<object>));
  return modules.flatMap(module =>
    Object.entries(module)
      .filter(([name, value]) => /^[A-Z][A-Z0-9_]+$/.test(name) && areNumbers([value].flat()))
      .map(([name]) => name),
  );
}

function areNumbers(values: readonly unknown[]): boolean {
  return values.length > 0 && values.every(Number.isFinite);
}

describe('the constants in docs/PROTOCOL.md', () => {
  it.each(constants)('$name has the value of the code', async ({ name, value, file }) => {
    expect(await exportedFrom(file, name)).toEqual(value);
  });

  it('are each there once', () => {
    const names = constants.map(({ name }) => name);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  });

  it('are all that the engine exports', async () => {
    const described = new Set(constants.map(({ name }) => name));
    // These have a table of their own.
    for (const [, , name] of checkedRows(DOCUMENT, 'handshake-types')) described.add(code(name!));
    expect((await exportedNumbers()).filter(name => !described.has(name))).toEqual([]);
  });
});

describe('the numbers in docs/PROTOCOL.md', () => {
  it('are those of all frame types', () => {
    expect(numbered(checkedRows(DOCUMENT, 'frames'))).toEqual(Frame);
  });

  it('begin the layout of each frame', () => {
    for (const [number, , layout] of checkedRows(DOCUMENT, 'frames')) {
      expect(code(layout!)).toMatch(new RegExp(`^\\[${code(number!)}(, |\\])`));
    }
  });

  it('are those of all roles', () => {
    expect(numbered(checkedRows(DOCUMENT, 'roles'))).toEqual(Role);
  });

  it('are those of all wishes', () => {
    expect(numbered(checkedRows(DOCUMENT, 'wishes'))).toEqual(Wish);
  });

  it('are the places of all member states', () => {
    const places = Object.fromEntries(MEMBER_STATES.map((state, place) => [state, place]));
    expect(numbered(checkedRows(DOCUMENT, 'states'))).toEqual(places);
  });

  it('are those of all extension types', () => {
    expect(numbered(checkedRows(DOCUMENT, 'extensions'))).toEqual(EventExtension);
  });

  it('are those of the four handshake messages', () => {
    const { HELLO, OHAI, OKBOSS, GOTEAM } = handshakeMessages;
    const named = checkedRows(DOCUMENT, 'handshake-types').map(([number, , name]) => [
      code(name!),
      Number(code(number!)),
    ]);
    expect(Object.fromEntries(named)).toEqual({ HELLO, OHAI, OKBOSS, GOTEAM });
  });
});
