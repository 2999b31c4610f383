import fc from 'fast-check';
import { digestOf } from '../../../../functions/shared/runs/digest.ts';

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

const isObject = (value: unknown): value is { [name: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The same value with the keys of every object the other way round. */
function turned(value: Json): Json {
  if (Array.isArray(value)) return value.map(turned);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, held]) => [name, turned(held)]),
  );
}

/** Where the leaves of a value are. */
function leavesOf(value: Json, path: string[] = []): string[][] {
  if (Array.isArray(value)) return value.flatMap((held, index) => leavesOf(held, [...path, String(index)]));
  if (isObject(value)) return Object.entries(value).flatMap(([name, held]) => leavesOf(held, [...path, name]));
  return [path];
}

function withLeaf(value: Json, [first, ...rest]: string[], leaf: Json): Json {
  if (first === undefined) return leaf;
  if (Array.isArray(value))
    return value.map((held, index) => (String(index) === first ? withLeaf(held, rest, leaf) : held));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, held]) => [name, name === first ? withLeaf(held, rest, leaf) : held]),
  );
}

const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
const key = fc.string({ minLength: 1 }).filter((name) => name !== '__proto__');
const ingredients = fc.dictionary(
  key,
  fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(key, tie('value'), { maxKeys: 4 }),
    ),
  })).value,
  { minKeys: 1, maxKeys: 6 },
);

test('is SHA-256 in lower-case hex over the canonical JSON', () => {
  expect(digestOf({ b: [1, 'ü'], a: null })).toBe('6bafd57c7869b3aca54e576a5157b40cc195c8486124cab93d52f1b59556838e');
});

test('does not depend on the order of keys, at any depth', () => {
  fc.assert(fc.property(ingredients, (value) => digestOf(turned(value) as object) === digestOf(value)));
});

test('survives a way through JSON, as through the store', () => {
  fc.assert(fc.property(ingredients, (value) => digestOf(JSON.parse(JSON.stringify(value))) === digestOf(value)));
});

test('changes with any value, at any depth', () => {
  const changed = fc.tuple(ingredients, fc.nat(), leaf).filter(([value]) => leavesOf(value).length > 0);

  fc.assert(
    fc.property(changed, ([value, index, other]) => {
      const paths = leavesOf(value);
      const next = withLeaf(value, paths[index % paths.length] ?? [], other);
      const isSame = JSON.stringify(next) === JSON.stringify(value);
      return (digestOf(next as object) === digestOf(value)) === isSame;
    }),
  );
});

test.each<[string, object, object]>([
  ['a number and its text', { id: 12 }, { id: '12' }],
  ['null and nothing', { id: null }, {}],
  ['an empty list and nothing', { ids: [] }, {}],
  ['the order of a list', { ids: [1, 2] }, { ids: [2, 1] }],
  ['a list and the object of its indices', { ids: ['a'] }, { ids: { 0: 'a' } }],
  ['the name of a key', { a: 1 }, { b: 1 }],
  ['where a value stands', { a: { b: 1 } }, { a: {}, b: 1 }],
  ['true and its text', { flag: true }, { flag: 'true' }],
])('tells %s apart', (_, one, other) => {
  expect(digestOf(one)).not.toBe(digestOf(other));
});

test('a field that is undefined is no field, since the store does not keep it', () => {
  expect(digestOf({ a: 1, b: undefined })).toBe(digestOf({ a: 1 }));
});
