// The page of a flow as a custom element in a page of the e-service: the same words, live, under the strict policy of that
// page, in both languages, with the keyboard, and a way on without scripts.

import { challenge, citizens, ending, onPhone, openService, scan, start } from '../harness/steps.mjs';

export async function journeys({ check, midflow, visit }) {
  const people = await citizens(midflow);

  for (const [locale, size] of [['ar', 'phone'], ['en', 'desk']]) {
    await check(`embedded: a push, from waiting to its ending, ${locale}, ${size}`, async () => {
      const visitor = await visit({ locale, size });
      try {
        const page = await openService(visitor, midflow, 'lab-results');
        await start(page, people.who('free'));
        const asked = await challenge(page, '.challenge');
        const embedded = await visitor.newPage();
        await embedded.goto(`${page.url()}/embedded`);
        await embedded.locator('midflow-flow .waiting').waitFor();
        await visitor.examine(embedded, 'embedded waiting');
        await visitor.shot(embedded, 'embedded-waiting');
        const shown = await challenge(embedded, '.challenge');
        const clock = await embedded.locator('[data-clock]').innerText();
        await onPhone(midflow, people.who('free'), 'approve');
        const how = await ending(embedded);
        await visitor.examine(embedded, 'embedded approved');
        await visitor.shot(embedded, 'embedded-approved');
        const faults = [...visitor.faults];
        if (shown !== asked) faults.push(`the element shows ${shown}, the page ${asked}`);
        if (!/^\d:\d\d$/.test(clock)) faults.push(`no clock: ${clock}`);
        if (how !== 'approved') faults.push(`it ended as ${how}`);
        return faults;
      } finally {
        await visitor.close();
      }
    });
  }

  for (const locale of ['ar', 'en']) {
    await check(`embedded: a code, scanned, ${locale}`, async () => {
      const visitor = await visit({ locale, size: 'desk' });
      try {
        const page = await openService(visitor, midflow, 'commercial-register');
        await page.locator('#read').check();
        await page.locator('form.form button[type=submit]').click();
        await page.waitForURL(/\/flows\/[0-9a-f-]{36}/);
        const embedded = await visitor.newPage();
        await embedded.goto(`${page.url()}/embedded`);
        await embedded.locator('midflow-flow .code-picture svg').waitFor();
        await visitor.examine(embedded, 'embedded code');
        await visitor.shot(embedded, 'embedded-code');
        const text = (await embedded.locator('.code-text').textContent()).trim();
        await scan(midflow, people.who('approves'), text);
        const how = await ending(embedded);
        return how === 'approved' ? visitor.faults : [...visitor.faults, `it ended as ${how}`];
      } finally {
        await visitor.close();
      }
    });

    await check(`embedded: a document is read on its own page, ${locale}`, async () => {
      const visitor = await visit({ locale, size: 'desk' });
      try {
        const page = await openService(visitor, midflow, 'rental-contract');
        await page.locator('#civil_no').fill(people.who('free'));
        await page.locator('#read').check();
        await page.locator('form.form button[type=submit]').click();
        await page.waitForURL(/\/flows\/[0-9a-f-]{36}/);
        const embedded = await visitor.newPage();
        await embedded.goto(`${page.url()}/embedded`);
        await embedded.locator('midflow-flow a.button').click();
        await embedded.locator('#accepts').waitFor();
        return visitor.faults;
      } finally {
        await visitor.close();
      }
    });

    await check(`embedded: without JavaScript there is a link, ${locale}`, async () => {
      const visitor = await visit({ locale, javaScript: false });
      try {
        const page = await openService(visitor, midflow, 'lab-results');
        await start(page, people.who('never_answers'));
        await page.goto(`${page.url()}/embedded`);
        await page.locator('noscript a.button, main a.button').first().click();
        await page.locator('.waiting').waitFor();
        return visitor.faults;
      } finally {
        await visitor.close();
      }
    });
  }

  await check('embedded: what is away for a moment is asked for again', async () => {
    const visitor = await visit({ locale: 'en', size: 'desk', expectedErrors: [/status of 503/] });
    try {
      const page = await openService(visitor, midflow, 'lab-results');
      await start(page, people.who('free'));
      const embedded = await visitor.newPage();
      // As the node answers when it can't read a flow.
      const headers = { 'access-control-allow-origin': '*' };
      const away = new Set(['part', 'events']);
      await embedded.route(/\/part(\/events)?(\?|$)/, (route) => {
        const what = new URL(route.request().url()).pathname.split('/').at(-1);
        if (!away.delete(what)) return route.continue();
        const stream = { status: 200, headers, contentType: 'text/event-stream', body: '' };
        return route.fulfill(what === 'part' ? { status: 503, headers } : stream);
      });
      await embedded.goto(`${page.url()}/embedded`);
      await embedded.locator('midflow-flow .waiting').waitFor();
      await onPhone(midflow, people.who('free'), 'approve');
      const how = await ending(embedded);
      const faults = [...visitor.faults];
      if (away.size > 0) faults.push(`never asked for: ${[...away]}`);
      if (how !== 'approved') faults.push(`it ended as ${how}`);
      return faults;
    } finally {
      await visitor.close();
    }
  });
}
