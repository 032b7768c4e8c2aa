// Citizen pages without a mouse, and without JavaScript.

import { citizens, ending, openPhone, openService, start, tabTo } from '../harness/steps.mjs';

export async function journeys({ check, midflow, visit }) {
  const people = await citizens(midflow);

  for (const locale of ['ar', 'en']) {
    await check(`without JavaScript, ${locale}`, async () => {
      const visitor = await visit({ locale, javaScript: false });
      try {
        const page = await openService(visitor, midflow, 'lab-results');
        await start(page, people.who('approves'));
        // The page asks again by itself; the phone approves at once.
        const how = await ending(page, 30_000);
        return how === 'approved' ? visitor.faults : [...visitor.faults, `it ended as ${how}`];
      } finally {
        await visitor.close();
      }
    });
  }

  await check('with the keyboard alone', async () => {
    const visitor = await visit({ locale: 'en', size: 'desk' });
    try {
      const page = await visitor.newPage();
      await page.goto(`${midflow.ready.demo.replace(/\/$/, '')}/?lang=en`);
      await tabTo(page, 'a[href="/services/lab-results"]');
      await page.keyboard.press('Enter');
      await page.locator('form.form').waitFor();
      await tabTo(page, '#civil_no');
      await page.keyboard.press('Control+A');
      await page.keyboard.type(people.who('free'));
      await tabTo(page, '#read');
      await page.keyboard.press('Space');
      await tabTo(page, 'form.form button[type=submit]');
      await page.keyboard.press('Enter');
      await page.waitForURL(/\/flows\//);

      const phone = await openPhone(visitor, midflow, people.who('free'));
      await phone.locator('.request').waitFor();
      await tabTo(phone, 'button.approve');
      await phone.keyboard.press('Enter');

      const how = await ending(page);
      return how === 'approved' ? visitor.faults : [...visitor.faults, `it ended as ${how}`];
    } finally {
      await visitor.close();
    }
  });

  for (const locale of ['ar', 'en']) {
    await check(`a form with mistakes says where, ${locale}`, async () => {
      const visitor = await visit({ locale, expectedErrors: [/status of 4\d\d/] });
      try {
        const page = await openService(visitor, midflow, 'licence-renewal');
        await page.locator('#civil_no').fill('123');
        await page.locator('form.form button[type=submit]').click();
        await page.locator('.errors').waitFor();
        await visitor.examine(page, 'mistakes');
        await visitor.shot(page, 'demo-mistakes');
        const kept = await page.locator('#civil_no').inputValue();
        return kept === '123' ? visitor.faults : [...visitor.faults, `what was typed is gone: "${kept}"`];
      } finally {
        await visitor.close();
      }
    });
  }
}
