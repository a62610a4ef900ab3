import { types } from 'node:util';
import { MAX_DEPTH } from './event-extensions.js';

/** Why this very object, whatever it holds, cannot be sent. */
export function reasonUnsupported(value: object): string | undefined {
  if (Object.hasOwn(value, '__proto__')) return 'has a key __proto__, which could poison prototypes where it arrives';
  if (types.isDate(value) && Number.isNaN(value.getTime())) return 'is an invalid Date';
  if (types.isPromise(value)) return 'is a Promise: await it first';
  if (types.isAnyArrayBuffer(value)) return 'is an ArrayBuffer: send a Uint8Array of it';
  if (ArrayBuffer.isView(value) && !types.isUint8Array(value)) {
    return `is a ${value.constructor.name}: send a Uint8Array of its buffer`;
  }
  return undefined;
}

export function hasToJson(value: object): value is { toJSON(): unknown } {
  return typeof (value as { toJSON?: unknown }).toJSON === 'function';
}

/** The first thing in `value` that keeps it from being sent, and where it is. Slow; for error messages. */
export function findProblem(value: unknown, path = 'data', ancestors: readonly unknown[] = []): string | undefined {
  if (typeof value === 'function' || typeof value === 'symbol') return `${path} is a ${typeof value}`;
  if (typeof value !== 'object' || value === null) return undefined;
  if (ancestors.includes(value)) return `${path} refers back to an object that holds it`;
  if (ancestors.length >= MAX_DEPTH) return `data is nested deeper than ${MAX_DEPTH} levels`;
  const reason = reasonUnsupported(value);
  if (reason !== undefined) return `${path} ${reason}`;
  if (ArrayBuffer.isView(value) || types.isDate(value)) return undefined;
  for (const [childPath, child] of childrenOf(value, path)) {
    const problem = findProblem(child, childPath, [...ancestors, value]);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function childrenOf(value: object, path: string): [path: string, child: unknown][] {
  if (hasToJson(value)) return [[`${path}.toJSON()`, value.toJSON()]];
  if (Array.isArray(value)) return value.map((child, i) => [`${path}[${i}]`, child]);
  if (types.isSet(value)) return [...value].map(child => [`a member of ${path}`, child]);
  if (types.isMap(value)) return [...value].flat(1).map(child => [`an entry of ${path}`, child]);
  return Object.entries(value).map(([key, child]) => [`${path}.${key}`, child]);
}
