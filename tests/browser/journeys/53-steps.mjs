// Issue 4, part 5: a person goes through the steps of a loan agreement on one page, with JavaScript and without it.

import { citizens, ending, eventually, handIn, onPhone, openService } from '../harness/steps.mjs';

export async function journeys({ check, midflow, visit }) {
  const people = await citizens(midflow);

  for (const [locale, size, javaScript] of [['ar', 'phone', true], ['en', 'desk', true], ['ar', 'desk', false]]) {
    const how = javaScript ? '' : ', without JavaScript';
    await check(`steps: signed in, agreed, signed, ${locale}, ${size}${how}`, async () => {
      const visitor = await visit({ locale, size, javaScript });
      try {
        const faults = [];
        // axe needs timers, which a page without JavaScript has not.
        const examine = javaScript ? visitor.examine : async () => {};
        const page = await openSteps(visitor, midflow, people.who('free'));
        const address = page.url();
        await page.locator('.waiting .challenge').waitFor();
        await examine(page, 'first step');
        await visitor.shot(page, 'steps-first');
        await onPhone(midflow, people.who('free'), 'approve');

        // The same page goes on by itself to what has to be agreed to.
        await page.locator('#agree-credit-check').waitFor({ timeout: 30_000 });
        await examine(page, 'consent and document');
        await visitor.shot(page, 'steps-consent');
        if (await page.locator('#agree-credit-check').isChecked()) faults.push('the consent is given beforehand');
        for (const box of ['#agree-credit-check', '#reviewed', '#accepts']) await page.locator(box).check();
        await page.locator('form.form button.button:not(.quiet)').click();
        await page.locator('.waiting .challenge').waitFor();
        await onPhone(midflow, people.who('free'), 'approve');
        const ended = await ending(page, 30_000);
        await examine(page, 'all steps taken');
        await visitor.shot(page, 'steps-approved');
        if (ended !== 'approved') faults.push(`it ended as ${ended}`);
        if (page.url() !== address) faults.push('the person was led to another page');
        return [...faults, ...visitor.faults];
      } finally {
        await visitor.close();
      }
    });
  }

  await check('steps: answered before the page listens', async () => {
    const visitor = await visit({ locale: 'ar', size: 'phone' });
    try {
      let listen;
      const answered = new Promise((resolve) => (listen = resolve));
      let journey;
      const page = await openSteps(visitor, midflow, people.who('free'), async (opened, told) => {
        journey = told.journey;
        await opened.route(/\/events\b/, async (route) => {
          await answered;
          await route.continue();
        });
      });
      await page.locator('.waiting .challenge').waitFor();
      await onPhone(midflow, people.who('free'), 'approve');
      await eventually('the step after', async () => {
        const { steps } = await readJourney(midflow, journey);
        return steps.filter((step) => step.flow).length === 2;
      });
      listen();
      await page.locator('#agree-credit-check').waitFor();
      return visitor.faults;
    } finally {
      await visitor.close();
    }
  });

  await check('steps: through the demo e-service, and given up on the way', async () => {
    const visitor = await visit({ locale: 'en', size: 'desk' });
    try {
      const faults = [];
      const page = await openService(visitor, midflow, 'loan-agreement');
      await page.locator('#civil_no').fill(people.who('free'));
      await page.locator('#input-application').fill('2026001');
      await page.locator('#input-amount').fill('200');
      await page.locator('#read').check();
      await page.locator('form.form button[type=submit]').click();
      await page.waitForURL(/\/flows\/[0-9a-f-]{36}/);
      await visitor.examine(page, 'the way to the steps');
      await visitor.shot(page, 'steps-demo');
      await page.locator('.waiting a.button').click();
      await page.locator('.waiting .challenge').waitFor();
      await onPhone(midflow, people.who('free'), 'approve');
      await page.locator('#agree-credit-check').waitFor();
      await page.locator('form.form button.quiet').click();
      if ((await ending(page)) !== 'declined') faults.push('what was given up has not ended as declined');
      await page.locator('.after a.button').click();
      if ((await ending(page)) !== 'declined') faults.push('the e-service shows another ending');
      await visitor.examine(page, 'given up, at the e-service');
      return [...faults, ...visitor.faults];
    } finally {
      await visitor.close();
    }
  });
}

/** Begins a small loan, which needs no step up, and opens the page of its steps, prepared as told. */
async function openSteps(visitor, midflow, civilNo, prepare = async () => {}) {
  const document = await handIn(midflow, 'agreement.txt', 'text/plain; charset=utf-8', 'اتفاقية تمويل\nLoan agreement\n');
  const answer = await fetch(new URL('/v1/journeys', midflow.ready.api), {
    method: 'POST',
    headers: { authorization: `Bearer ${midflow.ready.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      service: 'loan-agreement',
      channel: 'web',
      locale: visitor.locale,
      person: { civil_no: civilNo },
      inputs: { application: '2026001', amount: 200 },
      document,
    }),
  });
  const told = await answer.json();
  if (answer.status !== 201) throw new Error(`no journey began: ${answer.status} ${JSON.stringify(told)}`);
  const page = await visitor.newPage();
  await prepare(page, told);
  await page.goto(told.page);
  return page;
}

/** A journey as the e-service reads it. */
async function readJourney(midflow, journey) {
  const headers = { authorization: `Bearer ${midflow.ready.key}` };
  const answer = await fetch(new URL(`/v1/journeys/${journey}`, midflow.ready.api), { headers });
  return answer.json();
}
