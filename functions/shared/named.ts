const shown = 10;

/** The first ids of a list that may be long, for a person. */
export const named = (ids: string[]): string =>
  `${ids.slice(0, shown).join(', ')}${ids.length > shown ? ` and ${ids.length - shown} more` : ''}`;
