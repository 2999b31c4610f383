const running: AbortController[] = [];
let restore = () => {};
afterEach(() => {
  restore();
  running.length = 0;
});

/** No attempt of this test ends by the clock: the answer ends the one under way, as if its time had run out. */
export function endless(): () => void {
  const spy = import.meta.jest.spyOn(AbortSignal, 'timeout').mockImplementation(() => {
    const attempt = new AbortController();
    running.push(attempt);
    return attempt.signal;
  });
  restore = () => spy.mockRestore();
  return () => running.at(-1)?.abort(new DOMException('no answer in time', 'TimeoutError'));
}
