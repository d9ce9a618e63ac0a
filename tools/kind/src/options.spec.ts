import { HelpWanted, parseOptions } from './options.js';

test('without options everything is done on a kind cluster', () => {
  expect(parseOptions(['up'])).toEqual({
    command: 'up',
    steps: ['check', 'cluster', 'metrics', 'images', 'secrets', 'apply', 'wait', 'try'],
    context: 'kind-causeway',
    cluster: 'causeway',
    imageLoader: undefined,
    build: true,
    url: 'http://127.0.0.1:30080',
    timeoutMs: 420_000,
    // demo
    customers: 4,
    control: true,
    // end demo
  });
});

test('a foreign cluster is neither created nor deleted', () => {
  const options = parseOptions(['up', '--no-cluster', '--context', 'k3s', '--image-loader', 'none', '--no-build']);
  expect(options).toMatchObject({ context: 'k3s', cluster: undefined, imageLoader: 'none', build: false });
  expect(options.steps).not.toContain('cluster');
  expect(parseOptions(['down', '--no-cluster', '--context', 'k3s']).cluster).toBeUndefined();
});

test('steps are done in their own order', () => {
  expect(parseOptions(['up', 'wait', 'apply']).steps).toEqual(['apply', 'wait']);
});

test.each([
  [[], 'there is no command'],
  [['upp'], 'there is no command upp'],
  [['up', 'aply'], 'there is no step aply'],
  [['demo', 'apply'], 'only up has steps'],
  [['up', '--no-cluster'], 'which cluster?'],
  [['up', '--no-cluster', '--context', 'k3s'], 'needs --image-loader'],
  [['up', '--no-cluster', '--context', 'k3s', '--cluster', 'x'], 'contradict each other'],
  [['up', 'cluster', '--no-cluster', '--context', 'k3s', '--image-loader', 'none'], 'contradict each other'],
  [['up', '--url', 'shop.example.org'], '--url: expected'],
  [['up', '--timeout', 'soon'], '--timeout: expected seconds'],
  // demo
  [['rolling', '--customers', 'many'], '--customers: expected a number'],
  [['up', '--customers', '2'], 'options of rolling'],
  [['demo', '--no-control'], 'options of rolling'],
  // end demo
  [['up', '--contxt', 'x'], '--contxt'],
])('%j is refused: %s', (args, said) => {
  expect(() => parseOptions(args)).toThrow(said);
});

test('single steps of another cluster need no image loader', () => {
  expect(parseOptions(['up', 'apply', '--no-cluster', '--context', 'k3s']).steps).toEqual(['apply']);
});

test('help is not an error', () => expect(() => parseOptions(['--help'])).toThrow(HelpWanted));
