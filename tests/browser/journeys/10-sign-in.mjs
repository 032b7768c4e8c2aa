// R000-070 to R000-085: a person signs in to a demo e-service with the phone on the screen, in Arabic and in English,
// on a phone and on a desk, and every page on the way is examined.

import { challenge, citizens, ending, openPhone, openService, openTimeline, start } from '../harness/steps.mjs';

export async function journeys({ check, midflow, visit }) {
  const people = await citizens(midflow);

  for (const [locale, size] of [['ar', 'phone'], ['en', 'desk']]) {
    await check(`sign in: approved by hand, ${locale}, ${size}`, async () => {
      const person = await visit({ locale, size });
      const holder = await visit({ locale, size: 'phone' });
      const admin = await visit({ locale, size: 'desk' });
      try {
        const page = await openService(person, midflow, 'licence-renewal');
        await person.examine(page, 'service');
        await person.shot(page, 'demo-service');
        const flow = await start(page, people.who('free'));
        await page.locator('.waiting').waitFor();
        await person.examine(page, 'waiting');
        await person.shot(page, 'demo-waiting');
        const shown = await challenge(page, '.challenge');

        const phone = await openPhone(holder, midflow, people.who('free'));
        await phone.locator('.request').waitFor();
        await holder.examine(phone, 'phone');
        await holder.shot(phone, 'phone-request');
        const asked = await challenge(phone, '.challenge .digits');
        await phone.locator('button.approve').click();

        const how = await ending(page);
        await person.examine(page, 'outcome');
        await person.shot(page, 'demo-approved');
        const fields = await page.locator('.fields dt').count();

        const timeline = await openTimeline(admin, midflow, flow);
        await admin.examine(timeline, 'timeline');
        await admin.shot(timeline, 'console-timeline');
        const kinds = await timeline.locator('.record').count();

        const faults = [...person.faults, ...holder.faults, ...admin.faults];
        if (!/^\d{4}$/.test(shown)) faults.push(`the page shows no challenge of four digits: "${shown}"`);
        if (shown !== asked) faults.push(`the page shows ${shown}, the phone ${asked}`);
        if (how !== 'approved') faults.push(`it ended as ${how}`);
        if (fields !== 3) faults.push(`${fields} fields are shown where three are declared`);
        if (kinds < 4) faults.push(`the timeline has ${kinds} records`);
        return faults;
      } finally {
        await Promise.all([person.close(), holder.close(), admin.close()]);
      }
    });
  }

  for (const locale of ['ar', 'en']) {
    await check(`every starting page, ${locale}, light and dark`, async () => {
      const faults = [];
      for (const size of ['phone', 'desk', 'narrow']) {
        for (const colorScheme of ['light', 'dark']) {
          const visitor = await visit({ locale, size, colorScheme });
          for (const [name, url] of pages(midflow, locale)) {
            const page = await visitor.newPage();
            await page.goto(url);
            await visitor.examine(page, `${name} ${size} ${colorScheme}`);
            if (size !== 'narrow') await visitor.shot(page, colorScheme === 'light' ? name : `${name}-dark`);
            await page.close();
          }
          faults.push(...visitor.faults);
          await visitor.close();
        }
      }
      return faults;
    });
  }
}

function pages({ ready }, locale) {
  const at = (base, path) => `${base.replace(/\/$/, '')}${path}?lang=${locale}`;
  return [
    ['demo-home', at(ready.demo, '/')],
    ['demo-bank', at(ready.demo, '/services/bank-account-opening')],
    ['phone-home', at(ready.phone, '/')],
    ['console-flows', at(ready.console, '/')],
    ['console-services', at(ready.console, '/services')],
  ];
}
