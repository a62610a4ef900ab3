import { describe, expect, it } from 'vitest';
import { HELP, parseCommandLine } from '../../simulate/command-line.js';
import { MEMBERSHIP_DEFAULTS, MEMBERSHIP_SCENARIOS } from '../../simulate/membership/options.js';
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

  it('takes scenarios about members, with hours and minutes', () => {
    expect(parse('--scenario detection --nodes 300 --loss 0.05 --seed 2')).toMatchObject({
      subject: 'members',
      options: { ...MEMBERSHIP_DEFAULTS, nodes: 300, loss: 0.05, seed: 2 },
    });
    expect(parse('--scenario false-downs --hours 2 --paused 0.1').options).toMatchObject({
      disturbedMs: 7_200_000,
      pausedShare: 0.1,
    });
    expect(parse('--scenario partition --minutes 30 --shape thirds').options).toMatchObject({
      minutesMs: 1_800_000,
      shape: 'thirds',
    });
    expect(parse('--scenario rolling --hard --seeds 7').options).toMatchObject({ isHard: true, seeds: 7 });
  });

  it('spreads the checks of the invariants, or makes them when it is told to', () => {
    expect(parse('--scenario join').options.checkEvery).toBe('spread');
    expect(parse('--scenario join --check 1').options.checkEvery).toBe(1);
    expect(parse('--check spread').options.checkEvery).toBe('spread');
    expect(parse('').options.checkEvery).toBe(0);
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
    '--scenario detection --kills 0',
    '--scenario false-downs --hours 0',
    '--scenario false-downs --paused 1',
    '--scenario one-way --minutes never',
    '--scenario partition --shape quarters',
    '--scenario partition --shape zone --zones 1',
    '--scenario idle --nodes 2',
    '--scenario join --nodes 5 --seeds 6',
    '--unknown',
    'positional',
  ])('refuses %s', text => {
    expect(() => parse(text)).toThrow(UsageError);
  });

  it('has no more origins than nodes unless they were asked for', () => {
    expect(parse('--nodes 10 --scenario many-origins').options).toMatchObject({ origins: 10 });
  });

  it('explains every option', () => {
    const aboutMessages = ['scenario', 'nodes', 'zones', 'loss', 'seed', 'strategy', 'settle', 'cipher', 'uplink'];
    const aboutMembers = ['kills', 'hours', 'paused', 'minutes', 'shape', 'hard', 'seeds'];
    for (const name of [...aboutMessages, ...aboutMembers]) expect(HELP).toContain(`  --${name} `);
    for (const name of MEMBERSHIP_SCENARIOS) expect(HELP).toContain(`\n  ${name} `);
  });
});
