/**
 * The way from one host to another, in place of `Conditions`: a model of its own of latency, loss and queues. Hosts are
 * numbers, given in the order in which the network first saw them. Times are monotonic ms.
 */
export interface PathModel {
  /**
   * When a datagram of so many bytes that is sent at `now` arrives; Infinity when it is lost on the way. Called once for
   * each datagram, in the order of sending.
   */
  arrival(from: number, to: number, bytes: number, now: number): number;
  /**
   * When the host is done with receiving a datagram of so many bytes that arrived at `now`, which is `now` or later: only then
   * is it handed over; Infinity when it is lost there. Called once for each datagram, in the order of arrival.
   */
  received(host: number, bytes: number, now: number): number;
}
