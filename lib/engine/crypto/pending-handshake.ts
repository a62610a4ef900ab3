import sodium from 'sodium-native';
import { formatEndpoint, type Endpoint } from '../endpoint.js';
import type { NodeId } from '../node-id.js';
import type { HandshakeFailure } from './handshake-events.js';
import type { PreSharedKey } from './keyring.js';

/** A handshake that we began: waiting for an Ohai, then for a GoTeam. Holds secrets, so it is wiped when it ends. */
export class PendingHandshake {
  readonly to: Endpoint;
  /** The endpoint as a map key. */
  readonly address: string;
  readonly expectedId: NodeId | undefined;
  key: PreSharedKey;
  step: 'hello_sent' | 'okboss_sent' = 'hello_sent';

  /** Our receive index, signed Hello core, its MAC and ephemeral secret. New ones for every new Hello. */
  index = 0;
  core: Uint8Array = EMPTY;
  mac: Uint8Array = EMPTY;
  secretKey: Uint8Array = EMPTY;
  /** When it was answered last: the node lived then. */
  answeredAt = -Infinity;
  /** Hellos said under this key. */
  hellos = 0;

  /** From the Ohai on: what the GoTeam is opened with, and the OkBoss to send again, byte for byte. */
  secret: Uint8Array = EMPTY;
  goTeamKey: Uint8Array = EMPTY;
  remoteId: NodeId = '';
  okBoss: Uint8Array = EMPTY;
  okBossUntil = Infinity;

  /** Wait before the next resend, without its jitter. */
  delay = 0;
  resendAt = 0;
  giveUpAt = 0;
  /** What to report if nothing better comes. */
  failure: HandshakeFailure = 'no_answer';

  constructor(to: Endpoint, expectedId: NodeId | undefined, key: PreSharedKey) {
    this.to = to;
    this.address = formatEndpoint(to);
    this.expectedId = expectedId;
    this.key = key;
  }

  get deadline(): number {
    return Math.min(this.resendAt, this.giveUpAt, this.okBossUntil);
  }

  /** Zeroes the secrets of the current attempt. */
  wipe(): void {
    sodium.sodium_memzero(this.secretKey);
    sodium.sodium_memzero(this.secret);
    sodium.sodium_memzero(this.goTeamKey);
    this.secretKey = this.secret = this.goTeamKey = this.okBoss = EMPTY;
    this.okBossUntil = Infinity;
  }
}

const EMPTY = new Uint8Array(0);
