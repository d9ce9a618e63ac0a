import { parseCanaryOptions } from './options.js';

test.each([
  [['user'], { app: 'user', weight: undefined, namespace: 'causeway', print: false }],
  [['user', '10'], { weight: 10 }],
  [['user', '10%', '--namespace', 'causeway-staging', '--context', 'x'], { weight: 10, namespace: 'causeway-staging' }],
  [['gateway', 'undo', '--print'], { app: 'gateway', weight: 0, print: true }],
])('%j', (args, wanted) => expect(parseCanaryOptions(args)).toMatchObject(wanted));

test.each([
  [[], 'Which service?'],
  [['user', 'half'], 'half is no share'],
  [['user', '101'], '101 is no share'],
  [['user', '-5'], "Unknown option '-5'"],
  [['user', '12.5'], '12.5 is no share'],
  [['user', '10', '20'], '20 is too much'],
  [['user', '--share'], "Unknown option '--share'"],
])('%j is refused', (args, said) => expect(() => parseCanaryOptions(args)).toThrow(said));

test('help is no user', () => expect(parseCanaryOptions(['--help'])).toBeUndefined());
