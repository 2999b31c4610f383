/** Reading a document from memory is as trivial as the answer of health. */
export { handler } from './health.ts';
