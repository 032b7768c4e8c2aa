// R000-086 to R000-106: a document is read, confirmed twice and signed, or it is not, and then the page says so.

import {
  begin,
  challenge,
  citizens,
  ending,
  handIn,
  onPhone,
  openPhone,
  openService,
  tabTo,
} from '../harness/steps.mjs';

const UNSIGNED = { ar: /لم يتم أي توقيع/, en: /No signature has been made/ };

export async function journeys({ check, midflow, visit }) {
  const people = await citizens(midflow);

  for (const [locale, size] of [['ar', 'desk'], ['en', 'phone']]) {
    await check(`sign: read, confirmed twice, approved, ${locale}, ${size}`, async () => {
      const visitor = await visit({ locale, size, expectedErrors: [/status of 422/] });
      const holder = await visit({ locale, size: 'phone' });
      try {
        const page = await openDocument(visitor, midflow, people.who('free'));
        await visitor.examine(page, 'document');
        await visitor.shot(page, 'sign-document');
        const faults = [];
        for (const box of ['#copied', '#reviewed', '#accepts']) {
          if (await page.locator(box).isChecked()) faults.push(`${box} is ticked beforehand`);
        }

        // One confirmation is none, and what was ticked stays ticked.
        await page.locator('#reviewed').check();
        await page.locator('form.form button.button:not(.quiet)').click();
        await page.locator('.errors').waitFor();
        await visitor.examine(page, 'document with one confirmation');
        await visitor.shot(page, 'sign-mistake');
        if (!(await page.locator('#reviewed').isChecked())) faults.push('what was ticked is gone');
        await page.locator('#accepts').check();
        await page.locator('form.form button.button:not(.quiet)').click();
        await page.locator('.waiting').waitFor();
        await visitor.examine(page, 'waiting for the signature');
        await visitor.shot(page, 'sign-waiting');
        const shown = await challenge(page, '.challenge');

        // Back and reload lead to where things stand, not to a form that could be sent twice.
        await page.reload();
        if ((await page.locator('#accepts').count()) > 0) faults.push('a reload shows the form again');

        const phone = await openPhone(holder, midflow, people.who('free'));
        await phone.locator('.request .document').waitFor();
        await holder.examine(phone, 'phone with a document');
        await holder.shot(phone, 'phone-sign');
        const asked = await challenge(phone, '.challenge .digits');
        await phone.locator('button.approve').click();
        const how = await ending(page);
        await visitor.examine(page, 'signed');
        await visitor.shot(page, 'sign-approved');
        await page.locator('a.button', { hasText: locale === 'ar' ? 'العودة' : 'Back' }).click();
        await page.locator('.outcome .mono').first().waitFor();
        await visitor.examine(page, 'signed, at the e-service');
        await visitor.shot(page, 'demo-signed');
        if (shown !== asked) faults.push(`the page shows ${shown}, the phone ${asked}`);
        if (how !== 'approved') faults.push(`it ended as ${how}`);
        return [...faults, ...visitor.faults, ...holder.faults];
      } finally {
        await Promise.all([visitor.close(), holder.close()]);
      }
    });

    await check(`sign: not wanted, and declined on the phone, ${locale}, ${size}`, async () => {
      const visitor = await visit({ locale, size });
      try {
        const faults = [];
        const page = await openDocument(visitor, midflow, people.who('free'));
        await page.locator('form.form button.quiet').click();
        if ((await ending(page)) !== 'declined') faults.push('what was not wanted has not ended as declined');
        if (!UNSIGNED[locale].test(await page.locator('.outcome').innerText())) faults.push('not said: unsigned');
        await visitor.examine(page, 'not wanted');
        await visitor.shot(page, 'sign-not-wanted');
        await page.goBack();
        await page.reload();
        if ((await page.locator('#accepts').count()) > 0) faults.push('the back button brings the form back');

        const second = await openDocument(visitor, midflow, people.who('free'));
        await confirm(second);
        await onPhone(midflow, people.who('free'), 'decline');
        if ((await ending(second)) !== 'declined') faults.push('a decline has not ended as declined');
        if (!UNSIGNED[locale].test(await second.locator('.outcome').innerText())) faults.push('not said: unsigned');
        await visitor.examine(second, 'declined');
        await visitor.shot(second, 'sign-declined');
        return [...faults, ...visitor.faults];
      } finally {
        await visitor.close();
      }
    });
  }

  for (const locale of ['ar', 'en']) {
    await check(`sign: without JavaScript, ${locale}`, async () => {
      const visitor = await visit({ locale, javaScript: false });
      try {
        const page = await openDocument(visitor, midflow, people.who('free'));
        await confirm(page);
        await onPhone(midflow, people.who('free'), 'approve');
        const how = await ending(page, 30_000);
        return how === 'approved' ? visitor.faults : [...visitor.faults, `it ended as ${how}`];
      } finally {
        await visitor.close();
      }
    });

    await check(`sign: a PDF is framed, opened and kept as it is, ${locale}`, async () => {
      const visitor = await visit({ locale, size: 'desk' });
      try {
        const document = await handIn(midflow, 'contract.pdf', 'application/pdf', PDF);
        const flow = await begin(midflow, {
          service: 'rental-contract',
          capability: 'sign',
          locale,
          person: { civil_no: people.who('free') },
          inputs: { contract: '20260017', rent: 350 },
          document,
        });
        const page = await visitor.newPage();
        await page.goto(`${flow.page}?lang=${locale}`);
        await page.locator('iframe.paper').waitFor();
        await visitor.examine(page, 'pdf');
        const copy = page.locator('a[download]');
        const [kept] = await Promise.all([page.waitForEvent('download'), copy.click()]);
        const bytes = await (await kept.createReadStream()).toArray();
        const faults = [...visitor.faults];
        if (Buffer.concat(bytes).toString() !== PDF) faults.push('the copy is not the document');
        return faults;
      } finally {
        await visitor.close();
      }
    });
  }

  await check('sign: with the keyboard alone', async () => {
    const visitor = await visit({ locale: 'en', size: 'desk' });
    try {
      const page = await openDocument(visitor, midflow, people.who('free'));
      for (const box of ['#copied', '#reviewed', '#accepts']) {
        await tabTo(page, box);
        await page.keyboard.press('Space');
      }
      await tabTo(page, 'form.form button.button:not(.quiet)');
      await page.keyboard.press('Enter');
      await page.locator('.waiting').waitFor();
      await onPhone(midflow, people.who('free'), 'approve');
      const how = await ending(page);
      return how === 'approved' ? visitor.faults : [...visitor.faults, `it ended as ${how}`];
    } finally {
      await visitor.close();
    }
  });
}

async function openDocument(visitor, midflow, civilNo) {
  const page = await openService(visitor, midflow, 'rental-contract');
  await page.locator('#civil_no').fill(civilNo);
  await page.locator('#read').check();
  await page.locator('form.form button[type=submit]').click();
  await page.waitForURL(/\/flows\/[0-9a-f-]{36}/);
  await page.locator('.waiting a.button').click();
  await page.locator('#accepts').waitFor();
  return page;
}

async function confirm(page) {
  await page.locator('#reviewed').check();
  await page.locator('#accepts').check();
  await page.locator('form.form button.button:not(.quiet)').click();
  await page.locator('.waiting').waitFor();
}

const PDF = `%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]>>endobj
trailer<</Root 1 0 R>>
%%EOF
`;
