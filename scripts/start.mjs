// `npm start`: installs what is missing, then runs the whole suite in the foreground. Ctrl-C ends everything.
import { run } from './run.mjs';
import { setup } from './setup.mjs';

await setup();
run('packages/switchyard/bin/switchyard.mjs', ['up', ...process.argv.slice(2)]);
