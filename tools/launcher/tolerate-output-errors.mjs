// Imported by everything that a script of package.json runs. What is said on the way is not the work: a full disk behind `> file`, or a
// reader that has gone (`npm start | head`), would otherwise end the process with an uncaught error. Every line tries anew.
const everyMs = 60_000;

/** @param {NodeJS.WriteStream} other told about it, once a minute */
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
