/**
 * What becomes of one customer or group that was sent: on its way, there already, to be sent again later, to be sent to
 * somebody else, or left where it is.
 */
export type Fate = 'scheduled' | 'moved' | 'later' | 'other_taker' | 'left_over';

/** WeCom's codes for a single customer or group, page section 8; the last of "later" are those of section 3.3. */
const table: [fate: Fate, codes: number[]][] = [
  ['scheduled', [40100, 40129]],
  ['moved', [90504, 90507, 90508]],
  ['later', [40097, 90500, 45035, -1, 6000, 45009, 45033, 45036]],
  ['other_taker', [40098, 40099, 40130, 40132, 40143, 40205, 41054, 84074, 610023, 610024]],
  ['left_over', [40096, 40128, 40131, 84061, 90501, 90502, 90503, 90509, 90510]],
];

export const transferFates: ReadonlyMap<number, Fate> = new Map(
  table.flatMap(([fate, codes]) => codes.map((code): [number, Fate] => [code, fate])),
);

/** A code that WeCom added later moves nothing. */
export const fateOf = (errcode: number): Fate => transferFates.get(errcode) ?? 'left_over';
