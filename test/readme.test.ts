import { readFileSync } from 'node:fs';
import { loadOperations } from '../infra/operations.ts';
import { readmeWithTables } from '../infra/readme.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

test('the tables of the README are what the code declares; `npm run readme` writes them', async () => {
  expect(readme).toBe(readmeWithTables(readme, await loadOperations()));
});

test('every script that the README names exists', () => {
  const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const named = [...readme.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name);

  expect(Object.keys(scripts)).toEqual(expect.arrayContaining([...new Set(named), 'start', 'test']));
});
