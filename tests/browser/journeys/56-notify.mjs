// R000-136, R000-195, R002-21: a notification is sent as it stands in the file, put off for the night, or refused, as the
// policy says. The journey moves the quiet hours, so that it means the same at any hour.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { base, citizens, ending, eventually, openPhone, openService } from '../harness/steps.mjs';

const SERVICE = 'appointment-reminders';

export async function journeys({ check, midflow, visit }) {
  const people = await citizens(midflow);
  const file = join(midflow.dir, `policies/services/${SERVICE}.yaml`);
  const good = await readFile(file, 'utf8');

  /** Saves the service with quiet hours that begin so many minutes from now, and waits until they hold. */
  const quiet = async (from, to, then) => {
    const hours = `quiet_hours: { from: "${kuwait(from)}", to: "${kuwait(to)}", then: ${then} }`;
    const changed = good.replace(/quiet_hours: \{.*\}/, hours);
    if (changed === good) throw new Error(`${SERVICE} has no quiet hours to move`);
    await save(changed);
  };
  const save = async (text) => {
    const before = await active();
    await writeFile(file, text);
    await eventually('the edit', async () => (await active()) !== before);
  };
  const active = async () => {
    const page = await (await fetch(`${base(midflow.ready.console)}/services?lang=en`)).text();
    return page.match(/sha256:[0-9a-f]{64}/)?.[0] ?? page.match(/[0-9a-f]{12,}/)?.[0];
  };

  try {
    for (const [locale, size] of [['ar', 'desk'], ['en', 'phone']]) {
      await check(`notify: sent, as the file words it, ${locale}, ${size}`, async () => {
        await quiet(180, 240, 'refuse');
        const visitor = await visit({ locale, size });
        try {
          const page = await send(visitor, midflow, people.who('approves'));
          const how = await ending(page);
          await visitor.examine(page, 'sent');
          await visitor.shot(page, 'notify-sent');
          const phone = await openPhone(visitor, midflow, people.who('approves'));
          await phone.locator('.told li').first().waitFor();
          await visitor.examine(phone, 'phone with a notification');
          await visitor.shot(phone, 'phone-notified');
          return how === 'approved' ? visitor.faults : [...visitor.faults, `it ended as ${how}`];
        } finally {
          await visitor.close();
        }
      });

      await check(`notify: refused in quiet hours, ${locale}, ${size}`, async () => {
        await quiet(-60, 60, 'refuse');
        const visitor = await visit({ locale, size });
        try {
          const page = await send(visitor, midflow, people.who('free'));
          const how = await ending(page);
          const said = await page.locator('.outcome .lead').innerText();
          await visitor.examine(page, 'refused in quiet hours');
          await visitor.shot(page, 'notify-refused');
          const faults = [...visitor.faults];
          if (how !== 'other') faults.push(`it ended as ${how}`);
          if (!(locale === 'ar' ? /ليلاً/ : /at night/).test(said)) faults.push(`said: ${said}`);
          return faults;
        } finally {
          await visitor.close();
        }
      });

      await check(`notify: put off until quiet hours end, ${locale}, ${size}`, async () => {
        await quiet(-60, 60, 'hold');
        const visitor = await visit({ locale, size });
        try {
          const page = await send(visitor, midflow, people.who('free'));
          await page.locator('.put-off').waitFor();
          await visitor.examine(page, 'put off');
          await visitor.shot(page, 'notify-put-off');
          const told = await page.locator('.put-off').innerText();
          const faults = [...visitor.faults];
          if (!told.includes(kuwait(60))) faults.push(`it does not say ${kuwait(60)}: ${told}`);
          await page.locator('form.below button').click();
          const how = await ending(page);
          if (how !== 'other') faults.push(`cancelled, it ended as ${how}`);
          return faults;
        } finally {
          await visitor.close();
        }
      });
    }
  } finally {
    await writeFile(file, good);
  }
}

async function send(visitor, midflow, civilNo) {
  const page = await openService(visitor, midflow, SERVICE);
  await page.locator('#civil_no').fill(civilNo);
  await page.locator('#read').check();
  await page.locator('form.form button[type=submit]').click();
  await page.waitForURL(/\/flows\/[0-9a-f-]{36}/);
  return page;
}

/** The time of day in Kuwait, so many minutes from now. */
function kuwait(minutes) {
  const then = new Date(Date.now() + (minutes + 180) * 60_000);
  return then.toISOString().slice(11, 16);
}
