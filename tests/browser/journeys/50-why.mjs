// Why a flow ended as it did, in the console: the rule, what it saw, what would have led elsewhere, and nobody's data.

import { base, citizens, ending, openService, openTimeline, start } from '../harness/steps.mjs';

// Who asks which service, and what the page has to name: the line that decided, and the check or the script's code.
const ENDED = [
  ['minor', 'licence-renewal', 'scripts/licence-renewal.rhai', 'minor'],
  ['revoked', 'lab-results', 'policies/services/lab-results.yaml', 'other.certificate_revoked'],
];

export async function journeys({ check, midflow, visit }) {
  const people = await citizens(midflow);
  for (const locale of ['ar', 'en']) {
    for (const [who, service, rule, word] of ENDED) {
      await check(`why: ${who} at ${service}, ${locale}`, async () => {
        const visitor = await visit({ locale, size: 'desk' });
        const small = await visit({ locale, size: 'narrow', colorScheme: 'dark' });
        try {
          const asked = await openService(visitor, midflow, service);
          const flow = await start(asked, people.who(who));
          await ending(asked);

          const page = await openTimeline(visitor, midflow, flow);
          await page.locator(`a[href="/flows/${flow}/why"]`).click();
          await page.locator('#decision').waitFor();
          await visitor.examine(page, 'why');
          for (const closed of await page.locator('details.more > summary').all()) await closed.click();
          await visitor.examine(page, 'why, with what was compared');
          await visitor.shot(page, `console-why-${who}`);
          const told = await page.locator('main').innerText();

          // A desk at 400 %, in the dark.
          const narrow = await small.newPage();
          await narrow.goto(`${base(midflow.ready.console)}/flows/${flow}/why?lang=${locale}`);
          await narrow.locator('#decision').waitFor();
          await small.examine(narrow, 'why, narrow');
          await small.shot(narrow, `console-why-${who}`);

          const faults = [...visitor.faults, ...small.faults];
          if (!told.includes(`${rule}:`)) faults.push(`no line of ${rule} in: ${told}`);
          if (!told.includes(word)) faults.push(`\`${word}\` is not in: ${told}`);
          if ((await page.locator('#elsewhere').count()) === 0) faults.push('nothing would have led elsewhere');
          if (told.includes(people.who(who))) faults.push('the civil number is shown');
          return faults;
        } finally {
          await visitor.close();
          await small.close();
        }
      });
    }
  }
}
