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
    tls: false,
    examples: [],
    instances: {},
  });
});

test('instances are given by service, in one option or several', () => {
  expect(parseCommandLine(['--instances', 'user=2,gateway=3']).instances).toEqual({ user: 2, gateway: 3 });
  expect(parseCommandLine(['--instances=gateway=2', '--instances', 'user=1']).instances).toEqual({
    gateway: 2,
    user: 1,
  });
});

test('examples are given in one option or several', () => {
  expect(parseCommandLine(['--with', 'a', '--with=b,c']).examples).toEqual(['a', 'b', 'c']);
});

test.each([
  [['--frseh'], /--frseh/],
  [['start'], /start/],
  [['--instances'], /--instances/],
  [['--instances', 'users=2'], /"users" is no service; there are gateway, user/],
  [['--instances', 'user=0'], /expected user=<1 to 9>, not "user=0"/],
  [['--instances', 'user'], /expected user=<1 to 9>/],
  // demo
  [['--instances', 'psp-sandbox=2'], /runs once/],
  // end demo
  [['--demo-only', '--no-demo'], /contradict/],
])('%j is refused with a reason', (args, reason) => {
  expect(() => parseCommandLine(args)).toThrow(UsageError);
  expect(() => parseCommandLine(args)).toThrow(reason);
});
