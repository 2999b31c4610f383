/** Run as a program: imports every operation with the network taken away, and counts who reaches for it. */
import dns from 'node:dns';
import net from 'node:net';
import { loadOperations } from '../../infra/operations.ts';

let attempts = 0;
const refuse = () => {
  attempts += 1;
  throw new Error('no I/O while importing');
};
net.Socket.prototype.connect = refuse;
Object.assign(dns, { lookup: refuse });
globalThis.fetch = refuse;

const operations = await loadOperations();
await new Promise((resolve) => setTimeout(resolve, 50));
console.log(`${operations.length} operations imported, ${attempts} attempts to reach out`);
