import { quantileMs } from './latency.js';

const bucket = (le: string, value: number, name = 'http_server_request_duration_bucket') => ({
  name,
  labels: { le },
  value,
});
const page = [bucket('0.01', 50), bucket('0.1', 90), bucket('1', 100), bucket('+Inf', 100)];

test.each([
  [0.25, 5],
  [0.5, 10],
  [0.7, 55],
  [0.95, 550],
])('%d of what was handled took at most so many milliseconds', (share, ms) => {
  expect(quantileMs(page, share)).toBeCloseTo(ms);
});

test('routes, RPCs and messages count together, and other histograms do not', () => {
  const messages = ['0.01', '0.1', '1', '+Inf'].map((le) => bucket(le, 100, 'messaging_process_duration_bucket'));
  expect(quantileMs([...page, ...messages], 0.75)).toBeCloseTo(10);
  expect(quantileMs([...page, bucket('+Inf', 1_000, 'db_client_operation_duration_bucket')], 0.5)).toBeCloseTo(10);
});

test('what took longer than the last bound took at least that long; nothing has no duration', () => {
  expect(quantileMs([bucket('1', 0), bucket('+Inf', 5)], 0.5)).toBe(1_000);
  expect(quantileMs([], 0.5)).toBeUndefined();
  expect(quantileMs([bucket('+Inf', 0)], 0.5)).toBeUndefined();
});
