/** Run as a program: imports every function with the network taken away, and counts who reaches for it. */
import dns from 'node:dns';
import net from 'node:net';
import { loadFunctions } from '../../infra/operations.ts';

let attempts = 0;
const refuse = () => {
  attempts += 1;
  throw new Error('no I/O while importing');
};
net.Socket.prototype.connect = refuse;
Object.assign(dns, { lookup: refuse });
globalThis.fetch = refuse;

const functions = await loadFunctions();
await new Promise((resolve) => setTimeout(resolve, 50));
console.log(`${functions.length} functions imported, ${attempts} attempts to reach out`);
