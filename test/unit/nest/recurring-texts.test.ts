import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecurringTexts } from '../../../lib/nest/recurring-texts.js';

describe('texts that come again', () => {
  it('are the texts that were written, whatever came before', () => {
    const texts = new RecurringTexts();
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 40 })), words => {
        for (const word of [...words, ...words]) {
          const bytes = Buffer.from(`<${word}>`);
          expect(texts.find(bytes, 1, 1 + word.length)).toBe(word.length > 31 ? undefined : word);
        }
      }),
      { seed: 6 },
    );
  });

  it('are left to others when they are not ASCII', () => {
    const bytes = Buffer.from('é');
    expect(new RecurringTexts().find(bytes, 0, bytes.length)).toBeUndefined();
  });

  it('may be the empty one, and those of characters that are no letters', () => {
    const texts = new RecurringTexts();
    expect(texts.find(new Uint8Array(0), 0, 0)).toBe('');
    expect(texts.find(Uint8Array.of(0, 127), 0, 2)).toBe('\0\u007f');
  });
});
