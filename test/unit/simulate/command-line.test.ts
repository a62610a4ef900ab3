import { describe, expect, it } from 'vitest';
import { HELP, parseCommandLine } from '../../simulate/command-line.js';
import { SIMULATION_DEFAULTS, UsageError } from '../../simulate/options.js';

const parse = (text: string) => parseCommandLine(text === '' ? [] : text.split(' '));

describe('the command line', () => {
  it('has a default for everything', () => {
    expect(parse('')).toEqual({ subject: 'messages', options: SIMULATION_DEFAULTS, isJson: false, isHelp: false });
  });

  it('takes all that the issue names', () => {
    const { options, isJson } = parse(
      '--scenario quiet --nodes 1000 --zones 16 --loss 0.1 --seed 1 --strategy prefer-local --json',
    );
    expect(isJson).toBe(true);
    expect(options).toMatchObject({ scenario: 'quiet', nodes: 1_000, loss: 0.1, strategy: 'prefer-local' });
  });

  it('takes seconds for the settling', () => {
    expect(parse('--settle 2.5').options.settleMs).toBe(2_500);
  });

  it.each([
    '--scenario none',
    '--nodes 1',
    '--nodes many',
    '--nodes 2.5',
    '--zones 17',
    '--loss 1',
    '--loss -0.1',
    '--seed x',
    '--strategy none',
    '--cipher rot13',
    '--uplink 0',
    '--settle never',
    '--kill 1',
    '--bytes 3',
    '--check -1',
    '--nodes 10 --scenario many-origins --origins 11',
    '--unknown',
    'positional',
  ])('refuses %s', text => {
    expect(() => parse(text)).toThrow(UsageError);
  });

  it('has no more origins than nodes unless they were asked for', () => {
    expect(parse('--nodes 10 --scenario many-origins').options).toMatchObject({ origins: 10 });
  });

  it('explains every option', () => {
    for (const name of ['scenario', 'nodes', 'zones', 'loss', 'seed', 'strategy', 'settle', 'cipher', 'uplink']) {
      expect(HELP).toContain(`--${name} `);
    }
  });
});
