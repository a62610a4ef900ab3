import type { Target } from '../../report/targets.js';
import { numberText, percentText } from '../../../report/texts.js';
import type { MembershipResult } from '../result.js';
import { DETECTION_LOSSES, type Disturbance, type MembershipRun, type TargetsSize } from './runs.js';

type MembershipTarget = Target<MembershipRun, MembershipResult>;
type Figure = (result: MembershipResult) => number;

const SECOND_MS = 1_000;

/** All targets, those of a small version with the conditions that it has. */
export function listTargets(size: TargetsSize): MembershipTarget[] {
  return [
    ...size.detectionNodes.flatMap(nodes => DETECTION_LOSSES.flatMap(loss => detectionTargets(nodes, loss))),
    ...size.disturbances.flatMap(falseDownsTargets),
    ...oneWayTargets(),
    ...size.partitionMinutes.flatMap(partitionTargets),
    ...idleTargets(size),
    ...joinTargets(),
    ...rollingTargets(),
  ];
}

function detectionTargets(nodes: number, loss: number): MembershipTarget[] {
  const part = partOf(
    'Detection',
    `${numberText(nodes)} nodes, ${percentText(loss)} loss`,
    run => run.scenario === 'detection' && run.nodes === nodes && run.loss === loss,
  );
  const p50 = part.most(
    'median until every survivor doubts',
    3 * SECOND_MS,
    'ms',
    ms(({ detection }) => detection?.inDoubtMs.p50),
  );
  const p99 = (seconds: number) =>
    part.most(
      'p99 until it is down everywhere',
      seconds * SECOND_MS,
      'ms',
      ms(({ detectionMs }) => detectionMs?.p99),
    );
  return [...(loss === 0 ? [p50, p99(6)] : [p99(8)]), ...part.soundness()];
}

function falseDownsTargets({ nodes, hours, loss, paused }: Disturbance): MembershipTarget[] {
  const conditions = `${numberText(nodes)} nodes, ${numberText(hours)} h, ${percentText(loss)} loss, ${percentText(paused)} paused`;
  const isIt = (run: MembershipRun) =>
    run.scenario === 'false-downs' &&
    run.nodes === nodes &&
    run.hours === hours &&
    run.loss === loss &&
    run.paused === paused;
  return partOf('False downs', conditions, isIt).soundness();
}

function oneWayTargets(): MembershipTarget[] {
  const part = partOf('One-way faults', 'all cases', run => run.scenario === 'one-way');
  return [part.most('members wrongly down', 0, '', wronglyDown), ...part.soundness()];
}

const wronglyDown: Figure = ({ oneWay }) =>
  oneWay?.reduce((sum, { falselyDownMembers }) => sum + falselyDownMembers, 0) ?? NaN;

function partitionTargets(minutes: number): MembershipTarget[] {
  const part = partOf(
    'Partition',
    `${numberText(minutes)} min`,
    run => run.scenario === 'partition' && run.minutes === minutes,
  );
  return [
    part.most(
      'until all see all',
      10 * SECOND_MS,
      'ms',
      ms(({ convergenceMs }) => convergenceMs),
    ),
    part.most('broadcasts lost after it', 0, '', ({ partition }) => partition?.broadcasts.lost ?? NaN),
    ...part.soundness(),
  ];
}

function idleTargets({ idleNodes }: TargetsSize): MembershipTarget[] {
  const [least, most] = [Math.min(...idleNodes), Math.max(...idleNodes)];
  const part = partOf('Idle cost', `${numberText(least)} to ${numberText(most)} nodes`, run => run.scenario === 'idle');
  const growthOf = (figure: string, of: Figure): MembershipTarget => ({
    ...part.most(`${figure}: the largest by the smallest`, 1.2, 'x', of),
    measure: results => Math.max(...results.map(of)) / Math.min(...results.map(of)),
  });
  return [
    part.most('bytes a second and node', 1_500, 'B', bytes),
    part.most('packets a second and node', 15, '', packets),
    growthOf('bytes', bytes),
    growthOf('packets', packets),
    part.most('bytes of a member in a table', 400, 'B', result => result.memberBytes),
    ...part.soundness(),
  ];
}

const bytes: Figure = result => result.idleBytesPerSecondPerNode;
const packets: Figure = result => result.idlePacketsPerSecondPerNode;

function joinTargets(): MembershipTarget[] {
  const part = partOf('Mass start', 'all nodes at once', run => run.scenario === 'join');
  return [
    part.most(
      'until all are ready',
      10 * SECOND_MS,
      'ms',
      ms(({ join }) => join?.readyMs.max),
    ),
    part.most(
      'until all see all',
      20 * SECOND_MS,
      'ms',
      ms(({ convergenceMs }) => convergenceMs),
    ),
    ...part.soundness(),
  ];
}

function rollingTargets(): MembershipTarget[] {
  return [false, true].flatMap(isHard => {
    const conditions = `5 at a time, ${isHard ? 'killed' : 'that leave'}`;
    const part = partOf('Rolling restart', conditions, run => run.scenario === 'rolling' && run.isHard === isHard);
    return [part.most('broadcasts lost', 0, '', ({ rolling }) => rolling?.broadcasts.lost ?? NaN), ...part.soundness()];
  });
}

/** A time that was not reached is longer than any limit. */
function ms(of: (result: MembershipResult) => number | null | undefined): Figure {
  return result => of(result) ?? Infinity;
}

/** Makes targets of the same runs: the worst of them decides. */
function partOf(item: string, conditions: string, selects: (run: MembershipRun) => boolean) {
  const most = (figure: string, limit: number, unit: MembershipTarget['unit'], of: Figure): MembershipTarget => {
    const measure = (results: readonly MembershipResult[]) => Math.max(...results.map(of));
    return { item, conditions, figure, bound: 'at most', limit, unit, selects, measure };
  };
  const soundness = () => [
    most('false downs', 0, '', ({ falseDowns }) => falseDowns),
    most('other faults', 0, '', ({ failures, falseDowns }) => failures.length - (falseDowns > 0 ? 1 : 0)),
  ];
  return { most, soundness };
}
