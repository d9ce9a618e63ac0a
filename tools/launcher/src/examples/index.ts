export { exampleNames, ExampleUnusable, ProgramMissing, readExample, type ExampleService } from './example-files.js';
export { findPython } from './find-python.js';
export { loadExamples, type RunnableExample } from './load-examples.js';
