// Journeys through `midflow dev` in a real browser, in both languages.
//
//   node tests/browser/run.mjs --binary target/debug/midflow [--shots DIR] [--only TEXT]
//
// Each file in journeys/ exports `journeys({ check, midflow, visit })` and calls `check(name, run)`. A journey fails
// when it throws, and whenever one of its pages asked another host, wrote an error to the console, or broke axe.

import { readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { launch, visit } from './harness/browser.mjs';
import { origins, startMidflow } from './harness/midflow.mjs';
import { Report } from './harness/report.mjs';
import { proveHarness } from './harness/self-test.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({
  options: {
    binary: { type: 'string', default: 'target/debug/midflow' },
    shots: { type: 'string', default: join(here, 'shots') },
    only: { type: 'string', default: '' },
  },
});

const report = new Report(options.only);
const browser = await launch();
try {
  await proveHarness(browser, report);
  await runJourneys();
} catch (error) {
  report.fail('the run itself', error);
} finally {
  await browser.close();
}
process.exit(report.close());

async function runJourneys() {
  const midflow = await startMidflow(resolve(options.binary), resolve(here, '../..'));
  const allowed = origins(midflow.ready);
  const tools = {
    midflow,
    visit: (settings = {}) => visit(browser, { allowed, shots: options.shots, ...settings }),
    /** A journey of one visitor: whatever its pages did wrong fails it. */
    check: (name, run) => report.check(name, run),
  };
  try {
    const files = (await readdir(join(here, 'journeys'))).filter((file) => file.endsWith('.mjs')).sort();
    for (const file of files) {
      const { journeys } = await import(pathToFileURL(join(here, 'journeys', file)));
      await journeys(tools);
    }
  } finally {
    const { code, signal } = await midflow.stop();
    await report.check('midflow dev ends cleanly on SIGTERM', () => {
      return code === 0 ? [] : [`it ended with ${signal ?? `code ${code}`}:\n${midflow.stderr()}`];
    });
  }
}
