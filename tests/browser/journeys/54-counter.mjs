// R000-070, R000-141: an officer scans the code of a visitor's card and sees what the service declares, and nothing else.

import { cardCode, citizens, ending, openService, tabTo } from '../harness/steps.mjs';

export async function journeys({ check, midflow, visit }) {
  const people = await citizens(midflow);

  for (const [locale, size] of [['ar', 'desk'], ['en', 'narrow']]) {
    await check(`card: verified at the counter, once, ${locale}, ${size}`, async () => {
      const visitor = await visit({ locale, size });
      try {
        const page = await openService(visitor, midflow, 'clinic-check-in');
        await visitor.examine(page, 'counter');
        await visitor.shot(page, 'counter-form');
        // Whose card was verified shows the same code for a while.
        const code = await cardCode(midflow, people.who(locale === 'ar' ? 'approves' : 'approves_slowly'));
        await fill(page, code);
        const how = await ending(page);
        await visitor.examine(page, 'card verified');
        await visitor.shot(page, 'counter-verified');
        const labels = await page.locator('.outcome .fields dt').count();
        const compares = await page.locator('.challenge').count();

        // The same code a second time is somebody's picture of it.
        const second = await openService(visitor, midflow, 'clinic-check-in');
        await fill(second, code);
        const replayed = await ending(second);
        const said = await second.locator('.outcome .lead').innerText();
        await visitor.examine(second, 'card replayed');
        await visitor.shot(second, 'counter-replayed');
        const faults = [...visitor.faults];
        if (how !== 'approved') faults.push(`it ended as ${how}`);
        if (labels !== 3) faults.push(`${labels} fields are shown where three are declared`);
        if (compares > 0) faults.push('a number to compare is shown where nobody has a phone to look at');
        if (replayed !== 'other') faults.push(`a code that was used ended as ${replayed}`);
        if (!(locale === 'ar' ? /سبق مسح/ : /scanned before/).test(said)) faults.push(`said: ${said}`);
        return faults;
      } finally {
        await visitor.close();
      }
    });

    await check(`card: what is no code is told as such, ${locale}, ${size}`, async () => {
      const visitor = await visit({ locale, size, expectedErrors: [/status of 422/] });
      try {
        const page = await openService(visitor, midflow, 'clinic-check-in');
        await page.locator('#read').check();
        await page.locator('form.form button[type=submit]').click();
        await page.locator('.errors').waitFor();
        await visitor.examine(page, 'nothing scanned');
        await fill(page, 'https://example.test/not-a-card');
        const how = await ending(page);
        await visitor.examine(page, 'no card');
        return how === 'other' ? visitor.faults : [...visitor.faults, `it ended as ${how}`];
      } finally {
        await visitor.close();
      }
    });
  }

  await check('card: without JavaScript, ar', async () => {
    const visitor = await visit({ locale: 'ar', javaScript: false });
    try {
      const page = await openService(visitor, midflow, 'clinic-check-in');
      await fill(page, await cardCode(midflow, people.who('free')));
      const how = await ending(page);
      return how === 'approved' ? visitor.faults : [...visitor.faults, `it ended as ${how}`];
    } finally {
      await visitor.close();
    }
  });

  await check('card: with the keyboard alone, as a scanner types', async () => {
    const visitor = await visit({ locale: 'en', size: 'desk' });
    try {
      const page = await openService(visitor, midflow, 'clinic-check-in');
      await tabTo(page, '#scanned');
      await page.keyboard.insertText(await cardCode(midflow, people.who('minor')));
      await tabTo(page, '#read');
      await page.keyboard.press('Space');
      await tabTo(page, 'form.form button[type=submit]');
      await page.keyboard.press('Enter');
      const how = await ending(page);
      return how === 'approved' ? visitor.faults : [...visitor.faults, `it ended as ${how}`];
    } finally {
      await visitor.close();
    }
  });
}

async function fill(page, code) {
  await page.locator('#scanned').fill(code);
  await page.locator('#read').check();
  await page.locator('form.form button[type=submit]').click();
  await page.waitForURL(/\/flows\/[0-9a-f-]{36}/);
}
