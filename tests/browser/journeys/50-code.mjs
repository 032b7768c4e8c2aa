// R000-074 to R000-076: signing in by a code, across devices and on one, with everything people do to such a page: late
// tabs, reload, back, another browser, no mouse, no scripts.

import { setTimeout as pause } from 'node:timers/promises';
import {
  begin,
  citizens,
  ending,
  openService,
  scan,
  shownCode,
  tabTo,
} from '../harness/steps.mjs';

const SERVICE = 'commercial-register';

export async function journeys({ check, midflow, visit }) {
  const people = await citizens(midflow);

  for (const [locale, size] of [['ar', 'desk'], ['en', 'narrow'], ['ar', 'phone']]) {
    await check(`code: scanned with another device, ${locale}, ${size}`, async () => {
      const visitor = await visit({ locale, size });
      try {
        const page = await openCode(visitor, midflow);
        await visitor.examine(page, 'code');
        await visitor.shot(page, 'code-waiting');
        const alternative = await page.locator('.code-picture').getAttribute('aria-label');
        await scan(midflow, people.who('approves'), await shownCode(page));
        const how = await ending(page);
        await visitor.examine(page, 'code approved');
        await visitor.shot(page, 'code-approved');

        // A reload, and a step back and forth again, show the same ending and ask nobody.
        await page.reload();
        const again = await ending(page);
        await page.goBack();
        await page.goForward();
        const back = await ending(page);
        const codes = await page.locator('.code-picture').count();

        const faults = [...visitor.faults];
        if (!alternative) faults.push('the picture of the code has no name');
        if (how !== 'approved' || again !== how || back !== how) faults.push(`${how}, ${again}, ${back}`);
        if (codes > 0) faults.push('a code is shown after the end');
        return faults;
      } finally {
        await visitor.close();
      }
    });
  }

  for (const locale of ['ar', 'en']) {
    await check(`code: a new one in its place, and the tab with the old one, ${locale}`, async () => {
      const visitor = await visit({ locale, size: 'desk' });
      try {
        const page = await openCode(visitor, midflow);
        const first = await shownCode(page);
        const late = await visitor.newPage();
        await late.goto(page.url());
        await page.locator('form.renew button').click();
        await page.waitForURL((url) => url.href !== late.url());
        await page.locator('.code-picture').waitFor();
        const second = await shownCode(page);
        // The late tab hears that its flow has ended, and leads on.
        await late.locator('.outcome').waitFor();
        await visitor.examine(late, 'code superseded');
        await visitor.shot(late, 'code-superseded');
        await late.locator('.outcome a.button:not(.quiet)').first().click();
        await late.locator('.code-picture').waitFor();
        const led = await shownCode(late);
        await scan(midflow, people.who('approves'), second);
        const how = [await ending(page), await ending(late)];
        const faults = [...visitor.faults];
        if (first === second) faults.push('the new code is the old one');
        if (led !== second) faults.push('the late tab leads to another code');
        if (how.some((one) => one !== 'approved')) faults.push(`it ended as ${how}`);
        return faults;
      } finally {
        await visitor.close();
      }
    });

    await check(`code: counted down, warned of, and renewed after its end, ${locale}`, async () => {
      const visitor = await visit({ locale, size: 'phone' });
      try {
        const page = await visitor.newPage();
        await page.clock.install();
        const flow = await begin(midflow, { service: SERVICE, capability: 'auth_qr', locale });
        await page.goto(`${flow.page}?lang=${locale}`);
        await page.locator('.code-picture').waitFor();
        const faults = [];
        await page.clock.runFor(91_000);
        const aloud = await page.locator('[data-aloud]').innerText();
        if (!/30/.test(aloud)) faults.push(`nothing is said 30 s before the end: "${aloud}"`);
        await visitor.examine(page, 'code warned');
        await page.clock.runFor(29_500);
        const left = await page.locator('.code-picture').count();
        if (left > 0) faults.push('a code that has run out is still shown');
        await page.locator('[data-expired]').waitFor();
        await visitor.examine(page, 'code run out');
        await visitor.shot(page, 'code-run-out');
        await page.locator('[data-expired] button').click();
        await page.locator('.code-picture').waitFor();
        return [...faults, ...visitor.faults];
      } finally {
        await visitor.close();
      }
    });
  }

  for (const locale of ['ar', 'en']) {
    await check(`code: without JavaScript, ${locale}`, async () => {
      const visitor = await visit({ locale, javaScript: false });
      try {
        const page = await openCode(visitor, midflow);
        await scan(midflow, people.who('approves'), await shownCode(page));
        const how = await ending(page, 30_000);
        return how === 'approved' ? visitor.faults : [...visitor.faults, `it ended as ${how}`];
      } finally {
        await visitor.close();
      }
    });
  }

  await check('code: with the keyboard alone', async () => {
    const visitor = await visit({ locale: 'en', size: 'desk' });
    try {
      const page = await openCode(visitor, midflow);
      const first = page.url();
      await tabTo(page, 'details summary');
      await page.keyboard.press('Enter');
      await tabTo(page, '.code-text code');
      await tabTo(page, 'form.renew button');
      await page.keyboard.press('Enter');
      await page.waitForURL((url) => url.href !== first);
      await page.locator('.code-picture').waitFor();
      await scan(midflow, people.who('approves'), await shownCode(page));
      const how = await ending(page);
      return how === 'approved' ? visitor.faults : [...visitor.faults, `it ended as ${how}`];
    } finally {
      await visitor.close();
    }
  });

  for (const locale of ['ar', 'en']) {
    await check(`code: another browser sees nothing of it, ${locale}`, async () => {
      const visitor = await visit({ locale, size: 'desk' });
      const other = await visit({ locale, size: 'desk', expectedErrors: [/status of 404/] });
      try {
        const page = await openCode(visitor, midflow);
        const stranger = await other.newPage();
        const answer = await stranger.goto(`${page.url()}?lang=${locale}`);
        await other.examine(stranger, 'stranger');
        const faults = [...visitor.faults, ...other.faults];
        if (answer.status() !== 404) faults.push(`another browser was answered ${answer.status()}`);
        if ((await stranger.locator('.challenge, .code-picture').count()) > 0) faults.push('it was shown the flow');
        return faults;
      } finally {
        await Promise.all([visitor.close(), other.close()]);
      }
    });
  }

  for (const locale of ['ar', 'en']) {
    await check(`code: on one device, through the app and back, once, ${locale}`, async () => {
      const visitor = await visit({ locale, size: 'phone', expectedErrors: [/status of 403/] });
      const other = await visit({ locale, size: 'phone', expectedErrors: [/status of 403/] });
      try {
        const flow = await begin(midflow, {
          service: SERVICE,
          capability: 'auth_qr',
          channel: 'mobile_web',
          locale,
        });
        const page = await visitor.newPage();
        await page.goto(`${flow.page}?lang=${locale}`);
        await page.locator('.open-app a').waitFor();
        await visitor.examine(page, 'app link');
        await visitor.shot(page, 'app-link');
        const codes = await page.locator('.code-picture').count();
        await page.locator('.open-app a').click();
        await page.locator('button.person').first().waitFor();
        await page.locator(`button.person[value="${people.who('approves')}"]`).click();
        const wayBack = page.locator('a.plain-link[href*="/back/"]');
        await wayBack.waitFor();
        const proof = await wayBack.getAttribute('href');
        const stranger = await other.newPage();
        const refused = await stranger.goto(proof);
        await other.examine(stranger, 'way back of somebody else');
        await other.shot(stranger, 'way-back-refused');
        await wayBack.click();
        const how = await ending(page);
        await visitor.examine(page, 'back from the app');
        const again = await page.goto(proof);
        const faults = [...visitor.faults, ...other.faults];
        if (codes > 0) faults.push('a phone is shown a code that only another phone could scan');
        if (refused.status() !== 403) faults.push(`another browser comes back with ${refused.status()}`);
        if (how !== 'approved') faults.push(`it ended as ${how}`);
        if (again.status() !== 403) faults.push(`the way back works twice: ${again.status()}`);
        return faults;
      } finally {
        await Promise.all([visitor.close(), other.close()]);
      }
    });
  }
}

async function openCode(visitor, midflow) {
  const page = await openService(visitor, midflow, SERVICE);
  await page.locator('#read').check();
  await page.locator('form.form button[type=submit]').click();
  await page.waitForURL(/\/flows\/[0-9a-f-]{36}/);
  await page.locator('.code-picture').waitFor();
  // The page listens from its next turn on.
  await pause(50);
  return page;
}
