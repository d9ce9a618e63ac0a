// Imported by everything that a script of package.json runs. A full disk behind `> file`, or a
// closed reader (`npm start | head`), would otherwise end the process with an uncaught error. Every line tries again.
const everyMs = 60_000;

/** @param {NodeJS.WriteStream} other receives a warning, once a minute */
function tolerate(stream, name, other) {
  let quietUntil = 0;
  stream.on('error', (error) => {
    if (Date.now() < quietUntil) return;
    quietUntil = Date.now() + everyMs;
    other.write(`${name} cannot be written (${error.message}): going on without it.\n`);
  });
}

tolerate(process.stdout, 'Standard output', process.stderr);
tolerate(process.stderr, 'Standard error', process.stdout);
