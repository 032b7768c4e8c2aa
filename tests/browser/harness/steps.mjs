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

/** Begins a flow as an e-service would, and answers with what the API says. */
export async function begin(midflow, body) {
  const answer = await fetch(new URL('/v1/flows', midflow.ready.api), {
    method: 'POST',
    headers: { authorization: `Bearer ${midflow.ready.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ locale: 'ar', channel: 'web', ...body }),
  });
  const told = await answer.json();
  if (answer.status !== 201) throw new Error(`no flow began: ${answer.status} ${JSON.stringify(told)}`);
  return told;
}

/** Hands a document in, to be signed, and answers with its preview token. */
export async function handIn(midflow, name, mediaType, bytes) {
  const answer = await fetch(new URL('/v1/documents', midflow.ready.api), {
    method: 'POST',
    headers: { authorization: `Bearer ${midflow.ready.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name, media_type: mediaType, content: Buffer.from(bytes).toString('base64') }),
  });
  if (!answer.ok) throw new Error(`the document was not kept: ${answer.status} ${await answer.text()}`);
  return (await answer.json()).document;
}

/** What a citizen does with the phone, without its page: `approve`, `decline`, `ignore`. */
export async function onPhone(midflow, civilNo, act) {
  await eventually(`a request to ${act}`, async () => {
    const answer = await fetch(`${base(midflow.ready.phone)}/citizens/${civilNo}/${act}`, { method: 'POST' });
    return answer.ok;
  });
}

/** A citizen scans a code with the phone. */
export async function scan(midflow, civilNo, text) {
  const answer = await fetch(`${base(midflow.ready.phone)}/scan`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ civil_no: civilNo, text }),
  });
  if (!answer.ok) throw new Error(`the code was not scanned: ${answer.status} ${await answer.text()}`);
}

/** The text of the code that the card of a citizen shows now. */
export async function cardCode(midflow, civilNo) {
  const answer = await fetch(`${base(midflow.ready.phone)}/citizens/${civilNo}/card`);
  return (await answer.json()).text;
}

/** The text of the code that a page shows. */
export async function shownCode(page) {
  return (await page.locator('.code-text').textContent()).trim();
}
