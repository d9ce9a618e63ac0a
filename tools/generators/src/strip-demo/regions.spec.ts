import { hasRegions, withoutRegions } from './regions.js';

test.each([
  ['TypeScript', 'a\n  // demo\n  b\n  // end demo\nc', 'a\nc'],
  ['YAML', '# demo\nb\n# end demo\nc\n# demo\nd\n# end demo', 'c'],
  ['Markdown', 'a\n<!-- demo -->\n\nb\n<!-- end demo -->\n', 'a\n'],
  ['a row of a table', '| a |\n| b <!-- demo --> |\n| c |', '| a |\n| c |'],
  ['nothing to cut', 'a demo\n// a demo\n', 'a demo\n// a demo\n'],
])('%s', (_, text, rest) => {
  expect(withoutRegions(text)).toBe(rest);
  expect(hasRegions(rest)).toBe(false);
});

test.each([
  ['no end', 'a\n// demo\nb', 'line 2: "// demo" has no end'],
  ['no beginning', 'a\n// end demo', 'line 2: "// end demo" ends no region'],
  ['two kinds', '// demo\n# end demo', 'line 2: "# end demo" ends no region'],
  ['nested', '// demo\n// demo\n// end demo', 'line 2: a region begins in the one of line 1'],
])('%s is refused, with the line', (_, text, problem) => {
  expect(() => withoutRegions(text)).toThrow(problem);
});
