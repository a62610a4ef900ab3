import { describe, expect, it } from 'vitest';
import { listOption, nodesOption } from '../../bench/list-option.js';

describe('a list on the command line', () => {
  it('is read after a space or an equals sign', () => {
    expect(listOption(['scale', '--nodes', '10,100'], '--nodes')).toEqual(['10', '100']);
    expect(listOption(['--nodes=10,100', 'scale'], '--nodes')).toEqual(['10', '100']);
  });

  it('is undefined when it is left out', () => {
    expect(listOption(['scale', '--quick'], '--nodes')).toBeUndefined();
  });
});

describe('numbers of nodes', () => {
  it('are whole numbers', () => {
    expect(nodesOption(['--nodes', '10,100'], 2)).toEqual([10, 100]);
  });

  it.each(['1', '2.5', 'many', '', '-4'])('cannot be "%s" where two are the least', text => {
    expect(() => nodesOption([`--nodes=${text}`], 2)).toThrow(`--nodes is ${text}: give whole numbers from 2 on`);
  });
});
