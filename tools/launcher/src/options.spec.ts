import { parseCommandLine, UsageError } from './options.js';

test('without options the demo runs and the system stays up', () => {
  expect(parseCommandLine([])).toEqual({
    help: false,
    demo: true,
    demoOnly: false,
    fresh: false,
    quiet: false,
    logs: false,
    folder: undefined,
    freePorts: false,
    observe: false,
    instances: {},
  });
});

test('instances are given by service, in one option or several', () => {
  expect(parseCommandLine(['--instances', 'order=2,payment=3']).instances).toEqual({ order: 2, payment: 3 });
  expect(parseCommandLine(['--instances=order=2', '--instances', 'user=1']).instances).toEqual({ order: 2, user: 1 });
});

test.each([
  [['--frseh'], /--frseh/],
  [['start'], /start/],
  [['--instances'], /--instances/],
  [['--instances', 'orders=2'], /"orders" is no service; there are gateway, user, order, payment, psp-sandbox/],
  [['--instances', 'order=0'], /expected order=<1 to 9>, not "order=0"/],
  [['--instances', 'order'], /expected order=<1 to 9>/],
  [['--instances', 'psp-sandbox=2'], /runs once/],
  [['--demo-only', '--no-demo'], /contradict/],
])('%j is refused with a reason', (args, reason) => {
  expect(() => parseCommandLine(args)).toThrow(UsageError);
  expect(() => parseCommandLine(args)).toThrow(reason);
});
