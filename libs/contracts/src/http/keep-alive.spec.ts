import { callerKeepAlive, idleConnectionMs } from './keep-alive.js';

test('a caller gives up an idle connection before any server does, even a stopping one', () => {
  const { caller, callerLate, drain, server } = idleConnectionMs;
  const inOrder = [caller + callerLate, drain, server];
  expect(inOrder).toEqual([...new Set(inOrder)].sort((a, b) => a - b));
  expect(Math.max(callerKeepAlive.keepAliveTimeout, callerKeepAlive.keepAliveMaxTimeout)).toBe(caller);
});
