import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../lib/testing/seeded-random.js';
import { parseCommandLine } from '../../simulate/command-line.js';
import { planScenario } from '../../simulate/scenarios.js';

const alive = Array.from({ length: 50 }, (_, i) => 2 * i);

function plan(commandLine: string) {
  const { subject, options } = parseCommandLine(commandLine.split(' '));
  if (subject !== 'messages') throw new Error('this scenario has no messages to plan');
  return planScenario(options, alive, new SeededRandom(1));
}

const originsOf = ({ messages }: ReturnType<typeof plan>) => new Set(messages.map(message => message.origin));

describe('a plan', () => {
  it('of dissemination has one origin that sends 20 a second: warm-up, those that count, and a second more', () => {
    const { messages, from, to } = plan('--scenario dissemination --nodes 100');
    expect(messages.length).toBe(420);
    expect(messages.filter(message => message.isMeasured).length).toBe(200);
    expect(messages.findIndex(message => message.isMeasured)).toBe(200);
    expect([from, to]).toEqual([10_000, 20_000]);
    expect(messages[1]!.at).toBe(50);
    expect(messages[0]!.bytes).toBe(200);
    expect(originsOf(plan('--scenario growth --nodes 100')).size).toBe(1);
  });

  it('of quiet origins has one message in ten seconds, from many', () => {
    const quiet = plan('--scenario quiet --nodes 100');
    expect(quiet.messages.map(message => message.at).slice(0, 3)).toEqual([0, 10_000, 20_000]);
    expect(originsOf(quiet).size).toBeGreaterThan(10);
    expect([quiet.from, quiet.to]).toEqual([0, 300_000]);
  });

  it('of many origins has each of them send five a second, in turn', () => {
    const many = plan('--scenario many-origins --nodes 100 --origins 20 --warm-up 40 --messages 60');
    expect(originsOf(many).size).toBe(20);
    const { origin } = many.messages[0]!;
    const times = many.messages.filter(message => message.origin === origin).map(message => message.at);
    expect(times.slice(0, 3)).toEqual([0, 200, 400]);
    expect(many.messages.filter(message => message.isMeasured).length).toBe(60);
    expect([many.from, many.to]).toEqual([400, 1_000]);
  });

  it('of large messages has the size that was asked for', () => {
    const { messages } = plan('--scenario large --nodes 100 --bytes 1048576 --messages 2 --warm-up 0');
    expect(messages.map(({ at, bytes }) => [at, bytes])).toEqual([
      [0, 1_048_576],
      [5_000, 1_048_576],
    ]);
  });

  it('of a death of many has one message at once and one every five seconds, from those who live', () => {
    const { messages } = plan('--scenario kill --nodes 100');
    expect(messages.map(message => message.at)).toEqual(Array.from({ length: 10 }, (_, i) => 5_000 * i));
    for (const { origin } of messages) expect(alive).toContain(origin);
  });
});
