// A saved edit is active at once; a bad one is refused in words, on the page, and the old catalog stays.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { base, eventually } from '../harness/steps.mjs';

export async function journeys({ check, midflow, visit }) {
  const file = join(midflow.dir, 'policies/services/lab-results.yaml');
  const good = await readFile(file, 'utf8');
  const url = `${base(midflow.ready.demo)}/services/lab-results?lang=en`;
  const heading = async () => (await (await fetch(url)).text()).match(/<h1><bdi>(.*?)<\/bdi>/s)?.[1];

  await check('a saved edit is served', async () => {
    await writeFile(file, good.replace('en: Laboratory results', 'en: Laboratory reports'));
    const began = performance.now();
    await eventually('the new name', async () => (await heading()) === 'Laboratory reports');
    const took = Math.round(performance.now() - began);
    await writeFile(file, good);
    await eventually('the old name', async () => (await heading()) === 'Laboratory results');
    return took <= 1000 ? [] : [`it took ${took} ms`];
  });

  for (const locale of ['ar', 'en']) {
    await check(`a bad edit is refused and shown, ${locale}`, async () => {
      const admin = await visit({ locale, size: 'desk' });
      try {
        const page = await admin.newPage();
        await page.goto(`${base(midflow.ready.console)}/services?lang=${locale}`);
        await writeFile(file, good.replace('  timeout:', '  time_out:'));
        await page.locator('.banner.bad').waitFor();
        await page.locator('#diagnostics summary').click();
        await admin.examine(page, 'refused');
        await admin.shot(page, 'console-refused');
        const told = await page.locator('#diagnostics pre').innerText();
        const still = await heading();
        await writeFile(file, good);
        await page.locator('.banner.bad').waitFor({ state: 'detached' });
        const faults = [...admin.faults];
        if (!/lab-results\.yaml:\d+/.test(told)) faults.push(`no file and line in: ${told}`);
        if (still !== 'Laboratory results') faults.push(`the old catalog is not served: ${still}`);
        return faults;
      } finally {
        await writeFile(file, good);
        await admin.close();
      }
    });
  }
}
