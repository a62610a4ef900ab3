/** Builds hosts, starts a node on one of them, tells the names of the namespaces, and stays until it is ended. */
import type { NodeHost } from '../../processes/node-host.js';
import { nameOf, SwitchedHosts } from '../bed/switched-hosts.js';

const hosts = new SwitchedHosts(1);
const worker = hosts.namespaces.start<NodeHost>(nameOf(0), new URL('../../processes/node-host.js', import.meta.url));
const [node] = await worker.ask('start', [{ bind: '127.0.0.1:0', peers: [] }]);
process.send!({ namespaces: hosts.namespaces.existing(), node: node!.id });
