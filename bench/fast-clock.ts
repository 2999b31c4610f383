/** Loaded before a program: since `USHER_BENCH_SINCE`, its time runs `USHER_BENCH_SCALE` times as fast as the machine's. */
import { setTimeout } from 'node:timers/promises';
import { clock } from '../functions/shared/clock.ts';

const scale = Number(process.env.USHER_BENCH_SCALE);
const since = Number(process.env.USHER_BENCH_SINCE);
const machineNow = Date.now;

Date.now = () => Math.floor(since + (machineNow() - since) * scale);
clock.sleep = (ms) => setTimeout(Math.max(0, ms) / scale);
