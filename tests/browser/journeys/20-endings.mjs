// R000-081 to R000-085: each way a flow ends has its own words for the person, and no data unless it was approved.

import { citizens, ending, openService, start } from '../harness/steps.mjs';

// Whose request ends how, on which service, in which language; each service limits how often a person may ask.
const ENDINGS = [
  ['approves', 'bank-account-opening', 'en', 'approved', /account agreement/],
  ['declines', 'licence-renewal', 'ar', 'declined', /رفضتَ طلب الدخول/],
  ['declines', 'bank-account-opening', 'en', 'declined', /no account was opened/],
  ['minor', 'bank-account-opening', 'ar', 'other', /لمن بلغ إحدى وعشرين سنة/],
  ['minor', 'licence-renewal', 'en', 'other', /anyone under eighteen/],
  ['not_enrolled', 'licence-renewal', 'ar', 'other', /سجّل في تطبيق/],
  ['not_enrolled', 'lab-results', 'en', 'other', /collect the report at reception/],
  ['low_assurance', 'sim-replacement', 'ar', 'other', /مستوى التحقق العالي/],
  ['low_assurance', 'bank-account-opening', 'en', 'other', /Mobile ID of high assurance/],
  ['revoked', 'lab-results', 'ar', 'other', /شهادة هويتك الرقمية ملغاة/],
  ['expired', 'licence-renewal', 'en', 'other', /certificate has expired/],
];

export async function journeys({ check, midflow, visit }) {
  const people = await citizens(midflow);
  for (const [who, service, locale, wanted, words] of ENDINGS) {
    await check(`ending: ${who} at ${service}, ${locale}`, async () => {
      const visitor = await visit({ locale });
      try {
        const page = await openService(visitor, midflow, service);
        await start(page, people.who(who));
        const how = await ending(page);
        const said = await page.locator('.outcome .lead').innerText();
        const fields = await page.locator('.outcome .fields dt').count();
        await visitor.examine(page, who);
        await visitor.shot(page, `ending-${who}`);
        const faults = [...visitor.faults];
        if (how !== wanted) faults.push(`it ended as ${how}, not ${wanted}`);
        if (!words.test(said)) faults.push(`${words} is not in: ${said}`);
        if (wanted !== 'approved' && fields > 0) faults.push(`${fields} fields are shown without an approval`);
        return faults;
      } finally {
        await visitor.close();
      }
    });
  }
}
