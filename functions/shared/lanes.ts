/** Acts on each item, on so many of them side by side. */
export async function inLanes<T>(items: T[], lanes: number, act: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const lane = async (): Promise<void> => {
    for (const item of queue) await act(item);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
