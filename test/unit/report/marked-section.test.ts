import { describe, expect, it } from 'vitest';
import { markedSection, withMarkedSection } from '../../report/marked-section.js';

const DOCUMENT = 'before\n<!-- figures:start -->\nold\n<!-- figures:end -->\nafter\n';

describe('a marked section', () => {
  it('is what stands between its marks', () => {
    expect(markedSection(DOCUMENT, 'figures')).toBe('old\n');
  });

  it('is replaced, and nothing around it', () => {
    const changed = withMarkedSection(DOCUMENT, 'figures', 'new $& one\n');
    expect(changed).toBe('before\n<!-- figures:start -->\nnew $& one\n<!-- figures:end -->\nafter\n');
    expect(withMarkedSection(changed, 'figures', 'old\n')).toBe(DOCUMENT);
  });

  it.each(['no marks', '<!-- figures:start -->\n', '<!-- figures:end --><!-- figures:start -->\n'])(
    'needs both marks in their order: %j',
    document => {
      expect(() => withMarkedSection(document, 'figures', 'new')).toThrow('<!-- figures:start -->');
    },
  );
});
