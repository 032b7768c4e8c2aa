// One `midflow dev` over a copy of the policies, started and ended by the journeys.

import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/**
 * Starts the binary and waits for its ready line.
 *
 * The policies are copied, so that a journey may edit them; the store begins empty, since the process runs in a
 * folder of its own. `HTTP_PROXY` and the like are dropped: nothing may leave this machine.
 */
export async function startMidflow(binary, repository) {
  const dir = await mkdtemp(join(tmpdir(), 'midflow-journeys-'));
  for (const part of ['policies', 'scripts']) {
    await cp(join(repository, part), join(dir, part), { recursive: true });
  }
  // Journeys ask more often than people do.
  const services = join(dir, 'policies/services');
  for (const file of await readdir(services)) {
    const text = await readFile(join(services, file), 'utf8');
    await writeFile(join(services, file), text.replace(/^(limits: \{ per_person: )[^,]+/m, '$1100/10m'));
  }
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/proxy/i.test(name)));
  const child = spawn(binary, ['dev', '--port', '0', '--format', 'json', '--dir', dir], {
    cwd: dir,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const errors = [];
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (text) => errors.push(text));
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  const killed = () => child.kill('SIGKILL');
  process.once('exit', killed);

  const cleanUp = async () => {
    process.off('exit', killed);
    child.kill('SIGKILL');
    await rm(dir, { recursive: true, force: true });
  };
  let ready;
  try {
    ready = await firstLine(child, ended, errors);
  } catch (error) {
    await cleanUp();
    throw error;
  }
  return {
    ready,
    dir,
    stderr: () => errors.join(''),
    /** Ends it as an operator would, and answers with its exit code. */
    async stop() {
      child.kill('SIGTERM');
      try {
        return await withDeadline(ended, 15_000, '`midflow dev` did not end on SIGTERM within 15 s');
      } finally {
        await cleanUp();
      }
    },
  };
}

/** Every origin that the ready line names: what a page may ask, and nothing else. */
export function origins(ready) {
  return Object.values(ready)
    .filter((value) => typeof value === 'string' && /^https?:\/\//.test(value))
    .map((value) => new URL(value).origin);
}

async function firstLine(child, ended, errors) {
  const lines = createInterface({ input: child.stdout });
  const line = new Promise((resolve) => lines.once('line', resolve));
  const early = ended.then(({ code, signal }) => {
    throw new Error(`\`midflow dev\` ended before it was ready (${signal ?? code}):\n${errors.join('')}`);
  });
  early.catch(() => {});
  const text = await withDeadline(Promise.race([line, early]), 60_000, '`midflow dev` was not ready within 60 s');
  const ready = JSON.parse(text);
  if (ready.ready !== true) {
    throw new Error(`the first line is no ready line: ${text}`);
  }
  return ready;
}

function withDeadline(promise, milliseconds, message) {
  let timer;
  const deadline = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(message)), milliseconds);
  });
  return Promise.race([promise, deadline]).finally(() => clearTimeout(timer));
}
