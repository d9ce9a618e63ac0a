import { parseCanaryOptions } from './options.js';

test.each([
  [['order'], { app: 'order', weight: undefined, namespace: 'causeway', print: false }],
  [['order', '10'], { weight: 10 }],
  [
    ['order', '10%', '--namespace', 'causeway-staging', '--context', 'x'],
    { weight: 10, namespace: 'causeway-staging' },
  ],
  [['gateway', 'undo', '--print'], { app: 'gateway', weight: 0, print: true }],
])('%j', (args, wanted) => expect(parseCanaryOptions(args)).toMatchObject(wanted));

test.each([
  [[], 'Which service?'],
  [['order', 'half'], 'half is no share'],
  [['order', '101'], '101 is no share'],
  [['order', '-5'], "Unknown option '-5'"],
  [['order', '12.5'], '12.5 is no share'],
  [['order', '10', '20'], '20 is too much'],
  [['order', '--share'], "Unknown option '--share'"],
])('%j is refused', (args, said) => expect(() => parseCanaryOptions(args)).toThrow(said));

test('help is no order', () => expect(parseCanaryOptions(['--help'])).toBeUndefined());
