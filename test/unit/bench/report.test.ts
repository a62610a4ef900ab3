import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { judgeAll, type Judgement, summaryText } from '../../bench/report/judgement.js';
import { render } from '../../bench/report/render.js';
import { readSavedRun, type SavedRun } from '../../bench/report/saved-run.js';
import { SECTIONS } from '../../bench/report/sections.js';
import type { TransportsResult } from '../../bench/transports/transports.js';
import {
  engineResult,
  listenersFigures,
  peersResult,
  saved,
  scaleResult,
  transportFigures,
  transportsResult,
  wireResult,
} from './invented-run.js';

/** All targets are kept, most of them exactly. */
const GOOD: SavedRun = {
  transports: saved(transportsResult()),
  wire: saved(wireResult()),
  engine: saved(engineResult()),
  scale: saved(scaleResult()),
  peers: saved(peersResult()),
};

const UNFIT = /undefined|NaN|Infinity|null|\[object/;

function documentOf(run: SavedRun): string {
  return render(SECTIONS, run).files['BENCHMARKS.md']!;
}

function plotOf(run: SavedRun): string {
  return render(SECTIONS, run).files['benchmarks-transports.svg']!;
}

/** Targets that are not met, and how that is told. */
function unmet(run: SavedRun): string[] {
  return judgeAll(SECTIONS, run)
    .filter(({ verdict }) => verdict !== 'met')
    .map(({ target, verdict, reason }) => `${target.conditions}, ${target.figure}: ${reason ?? verdict}`);
}

/** Points of all lines of a colour. */
function marksOf(svg: string, colour: string): number {
  return svg.match(new RegExp(`<circle [^>]*fill="${colour}"`, 'g'))?.length ?? 0;
}

function withTransports(result: TransportsResult): SavedRun {
  return { ...GOOD, transports: saved(result) };
}

/** Three listeners with a broker less, and these figures of ours. */
function withoutNats(throughput: number): TransportsResult {
  const figures = listenersFigures(3, {
    gwyh: transportFigures(80_000),
    redis: transportFigures(20_000),
    mqtt: transportFigures(1),
  });
  const ratio = { ...figures.ratio!, throughput };
  return transportsResult(
    [{ ...figures, ratio }],
    ['nats-server is not installed, so that nats is left out: apt-get install nats-server'],
  );
}

describe('the targets of the benches', () => {
  it('are met when each is kept, be it exactly', () => {
    expect(unmet(GOOD)).toEqual([]);
    expect(judgeAll(SECTIONS, GOOD)).toHaveLength(17);
  });

  it('are missed one by one', () => {
    const operations = engineResult().operations.map(each =>
      each.name === 'handle alone' ? each : { ...each, ns: each.ns + 1, bufferBytes: 101 },
    );
    expect(unmet({ ...GOOD, engine: saved({ ...engineResult(), operations }) })).toEqual([
      'emit path, time of an event: missed',
      'emit path, garbage of our own of an event: missed',
      'receive path, time of an event: missed',
      'receive path, garbage of our own of an event: missed',
    ]);
    const sizes = scaleResult().sizes.map(each => ({
      ...each,
      idleCores: 0.5,
      residentMib: { emptyProcess: 60, node: 5.8 },
    }));
    expect(unmet({ ...GOOD, scale: saved({ ...scaleResult(), sizes }) })).toEqual([
      '1,000 nodes, memory of a node: missed',
      '1,000 nodes, CPU of all nodes at rest: missed',
    ]);
  });

  it('of the wire are about bytes per second for larger messages, and about messages for small ones', () => {
    const sizes = wireResult().sizes.map(each => ({ ...each, ratio: { toSealed: 0.1, toRaw: 4.9 } }));
    expect(unmet({ ...GOOD, wire: saved({ rounds: 5, sizes }) })).toEqual([
      '64 B, messages/s by datagrams/s of the raw pair: missed',
    ]);
  });

  it('are missed when a single event is lost', () => {
    const byListeners = transportsResult().byListeners.map(each => {
      return { ...each, transports: { ...each.transports, gwyh: transportFigures(1, { lost: 1 }) } };
    });
    expect(unmet(withTransports(transportsResult(byListeners)))).toEqual(['3 listeners, lost: missed']);
  });

  it('are open when nothing of the kind was measured', () => {
    expect(unmet({})).toHaveLength(17);
    expect(new Set(judgeAll(SECTIONS, {}).map(({ reason }) => reason))).toEqual(new Set(['not measured']));
    expect(unmet(withTransports(transportsResult(transportsResult().byListeners.slice(0, 2))))).toEqual([
      '8 listeners, throughput by the best broker: not measured',
    ]);
  });

  it('are open when a broker is missing that may be the best, unless the others are better than ours already', () => {
    expect(unmet(withTransports(withoutNats(4)))).toContain('3 listeners, throughput by the best broker: without nats');
    expect(unmet(withTransports(withoutNats(3.9)))).toContain('3 listeners, throughput by the best broker: missed');
  });

  it('are counted', () => {
    const judgements = ['met', 'met', 'missed', 'open'].map(verdict => ({ verdict }) as Judgement);
    expect(summaryText(judgements)).toBe('2 of 4 targets are met, 1 is missed, 1 is open.');
  });
});

describe('the document of the benches', () => {
  it('has the command, the place and the figures of each', () => {
    const document = documentOf(GOOD);
    for (const { name, title } of SECTIONS) {
      expect(document).toContain(
        `## ${title}\n\n\`\`\`sh\nnpm run bench -- ${name}\n\`\`\`\n\nOn 2030-01-02, a library 1.2.3,`,
      );
    }
    for (const row of [
      '| gwyh | 26,667 | 26,667 | 0 | 0 |',
      '| 1 KiB | gwyh | 1,000 | 70 |',
      '| emit path | 5,000 |',
      '| 1,000 | 59.9 s |',
      '| gossipsub | 500 |',
    ]) {
      expect(document).toContain(row);
    }
    expect(document).toContain('17 of 17 targets are met');
    expect(document).not.toMatch(UNFIT);
    expect(document).not.toContain('--quick`');
  });

  it('says what is missed, what was not measured, and what is for a look only', () => {
    const document = documentOf({
      transports: saved(transportsResult([listenersFigures(3, { gwyh: transportFigures(1, { lost: 7 }) })]), {
        isQuick: true,
      }),
    });
    expect(document).toContain('| Transports | 3 listeners | lost | at most 0 | 7 | **missed**: quick run |');
    expect(document).toContain('Not measured yet: `npm run bench:report -- --only scale`.');
    expect(document).toContain(
      '> **Figures for a look** (`--quick`), of a fraction of the work and too noisy to be cited: transports.',
    );
    expect(document).toContain('npm run bench -- transports --quick\n');
    expect(document).not.toMatch(UNFIT);
  });

  it('names a missing broker and how to get it, and has no row of it', () => {
    const { files, readme } = render(SECTIONS, withTransports(withoutNats(4)));
    for (const text of [files['BENCHMARKS.md']!, readme]) {
      expect(text).toContain(
        '**Missing:** nats-server is not installed, so that nats is left out: apt-get install nats-server',
      );
      expect(text).toContain('\n| redis |');
      expect(text).not.toContain('\n| nats |');
    }
  });

  it('has a figure that is not a number as a dash', () => {
    const run = JSON.parse(
      JSON.stringify(withTransports(transportsResult([listenersFigures(3, { gwyh: transportFigures(NaN) })]))),
    ) as SavedRun;
    const directory = mkdtempSync(join(tmpdir(), 'benches-'));
    try {
      writeFileSync(join(directory, 'run.json'), JSON.stringify(run));
      expect(documentOf(readSavedRun(join(directory, 'run.json')))).toContain('| gwyh | – | – | 0 |');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('the section of the README', () => {
  it('has each bench in short, where it was measured, and how many targets are met', () => {
    const { readme } = render(SECTIONS, GOOD);
    expect(readme).toMatch(
      /^Measured on 2030-01-02, a library 1\.2\.3, Node\.js v99, a system, 2 cores of a processor, 4 GiB\.\n/,
    );
    for (const row of [
      '| gwyh | 26,667 | 0 | 0.3 | 0.9 | 20 |',
      '| tcp (1 listener) | 30,000 |',
      '| 3 listeners | 4x | 0.35x | 0.6x | 1x |',
    ]) {
      expect(readme).toContain(row);
    }
    expect(readme).toContain('17 of 17 targets are met');
    expect(readme).not.toMatch(UNFIT);
  });

  it('tells apart what was measured on other days', () => {
    const wire = saved(wireResult(), { environment: { ...GOOD['wire']!.environment, date: '2030-05-06' } });
    const { readme } = render(SECTIONS, { ...GOOD, wire });
    expect(readme).toContain(
      'Measured on 2030-01-02, a library 1.2.3, Node.js v99, a system, 2 cores of a processor, 4 GiB: transports, engine, scale, peers.\n',
    );
    expect(readme).toContain(
      'Measured on 2030-05-06, a library 1.2.3, Node.js v99, a system, 2 cores of a processor, 4 GiB: wire.\n',
    );
  });

  it('warns of quick runs, and says what is not there', () => {
    const { readme } = render(SECTIONS, { wire: saved(wireResult(), { isQuick: true }) });
    expect(readme).toContain('**Figures for a look, too noisy to be cited: wire.**');
    expect(readme).toContain('Not measured yet: transports, engine, scale, peers.');
    expect(render(SECTIONS, {}).readme).toBe('Nothing was measured yet: `npm run bench:report`.\n');
  });
});

describe('the plot of the transports', () => {
  it('has a point for each number of listeners, and of TCP only that of one', () => {
    const svg = plotOf(GOOD);
    expect(marksOf(svg, '#0072b2')).toBe(3 * 3);
    expect(marksOf(svg, '#6e7781')).toBe(3 * 1);
    for (const text of ['Throughput', 'Unloaded latency, median', 'Unloaded latency, p99', 'gwyh', 'mqtt', '8']) {
      expect(svg).toContain(`>${text}</text>`);
    }
    expect(svg).not.toMatch(UNFIT);
  });

  it('places more events a second higher', () => {
    const heights = [...plotOf(GOOD).matchAll(/<circle cx="\S+" cy="(\S+)" r="3" fill="#0072b2"/g)].slice(0, 3);
    const [one, three, eight] = heights.map(match => Number(match[1]));
    expect(one).toBeLessThan(three!);
    expect(three).toBeLessThan(eight!);
  });

  it('leaves out what was not measured', () => {
    const svg = plotOf(withTransports(withoutNats(4)));
    expect(svg).not.toContain('>nats</text>');
    expect(svg).toContain('>redis</text>');
    expect(svg).not.toMatch(UNFIT);
    expect(plotOf({})).toBeUndefined();
  });
});

describe('saved results', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'benches-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const read = (text: string) => {
    writeFileSync(join(directory, 'run.json'), text);
    return readSavedRun(join(directory, 'run.json'));
  };

  it('give the same report when they are read again', () => {
    const rendered = render(SECTIONS, GOOD);
    expect(render(SECTIONS, read(rendered.files['benchmarks.json']!))).toEqual(rendered);
  });

  it('are none before the first run', () => {
    expect(readSavedRun(join(directory, 'none.json'))).toEqual({});
  });

  it('that are damaged are named, and how to renew them', () => {
    expect(() => read('{')).toThrow('run.json is no JSON');
    expect(() => read('{"wire":{"result":{}}}')).toThrow(
      '"wire" has no result or environment; measure it with --only wire',
    );
  });
});
