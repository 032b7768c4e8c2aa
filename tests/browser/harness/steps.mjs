// What people do, by the names that pages give to things: through the demo e-service, on the phone, in the console.

import { setTimeout as pause } from 'node:timers/promises';

/** The citizens of the sandbox, and one by the way their requests end. */
export async function citizens(midflow) {
  const answer = await fetch(`${base(midflow.ready.phone)}/citizens`);
  const list = await answer.json();
  return {
    list,
    who: (ending) => {
      const citizen = list.find((one) => one.ending === ending);
      if (!citizen) throw new Error(`the sandbox has nobody whose ending is \`${ending}\``);
      return citizen.civil_no;
    },
  };
}

/** Opens the page of a service in the demo e-service. */
export async function openService(visitor, midflow, service) {
  const page = await visitor.newPage();
  await page.goto(`${base(midflow.ready.demo)}/?lang=${visitor.locale}`);
  await page.locator(`a[href="/services/${service}"]`).click();
  await page.locator('form.form').waitFor();
  return page;
}

/** Fills the form with a civil number, agrees, and starts. Answers with the id of the flow. */
export async function start(page, civilNo) {
  await page.locator('#civil_no').fill(civilNo);
  for (const choice of await page.locator('form.form select').all()) {
    await choice.selectOption({ index: 1 });
  }
  await page.locator('#read').check();
  await page.locator('form.form button[type=submit]').click();
  await page.waitForURL(/\/flows\/[0-9a-f-]{36}/);
  return page.url().match(/\/flows\/([0-9a-f-]{36})/)[1];
}

/** The digits that a page shows to be compared. */
export async function challenge(page, selector) {
  const text = await page.locator(selector).first().innerText();
  return text.replace(/\D/g, '');
}

/** Waits for the ending and answers with its class, as the page shows it. */
export async function ending(page, timeout = 20_000) {
  const card = page.locator('.outcome');
  await card.waitFor({ timeout });
  const classes = await card.getAttribute('class');
  return classes.match(/is-([a-z]+)/)[1];
}

/** Opens the phone of a citizen. */
export async function openPhone(visitor, midflow, civilNo) {
  const page = await visitor.newPage();
  await page.goto(`${base(midflow.ready.phone)}/as/${civilNo}?lang=${visitor.locale}`);
  return page;
}

/** Opens the timeline of a flow in the console. */
export async function openTimeline(visitor, midflow, flow) {
  const page = await visitor.newPage();
  await page.goto(`${base(midflow.ready.console)}/flows/${flow}?lang=${visitor.locale}`);
  await page.locator('.timeline').waitFor();
  return page;
}

/** Presses Tab until the focus is on what the selector names; fails after a round too many. */
export async function tabTo(page, selector, limit = 60) {
  const wanted = page.locator(selector).first();
  for (let presses = 0; presses < limit; presses += 1) {
    await page.keyboard.press('Tab');
    if (await wanted.evaluate((element) => element === document.activeElement)) {
      const outlined = await wanted.evaluate((element) => {
        const style = getComputedStyle(element);
        return style.outlineStyle !== 'none' || style.boxShadow !== 'none';
      });
      if (!outlined) throw new Error(`the focus on ${selector} can't be seen`);
      return;
    }
  }
  throw new Error(`${selector} is not reached by Tab`);
}

/** Asks until the answer is there. */
export async function eventually(what, ask, timeout = 10_000) {
  const end = Date.now() + timeout;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`${what} did not happen within ${timeout} ms`);
    await pause(50);
  }
}

/** A URL without the slash at its end. */
export function base(url) {
  return url.replace(/\/$/, '');
}
