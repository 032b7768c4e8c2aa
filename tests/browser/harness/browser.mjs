// Chromium, and what every page that a journey opens is held to: no request leaves this machine, no error in the
// console, no breach of the Content-Security-Policy, no axe violation.

import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The sizes of windows; pictures are taken at the first two. */
export const SIZES = {
  phone: { width: 390, height: 844 },
  desk: { width: 1440, height: 900 },
  narrow: { width: 320, height: 640 }, // a desk at 400 % (WCAG 1.4.10)
};

/** Starts the one browser of a run. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/**
 * A visitor: a context of its own, in one language and at one size, that notes every fault of its pages.
 *
 * `options`: `locale` (`ar`), `size` (`phone`), `allowed` (origins that may be asked), `shots` (folder for
 * pictures), `javaScript` (true), `colorScheme` (`light`), `expectedErrors` (patterns of console errors that
 * belong to the journey, such as the 404 it provokes).
 */
export async function visit(browser, options) {
  const { locale = 'ar', size = 'phone', allowed, shots, javaScript = true, colorScheme = 'light' } = options;
  const expected = options.expectedErrors ?? [];
  const context = await browser.newContext({
    viewport: SIZES[size],
    locale: locale === 'ar' ? 'ar-KW' : 'en-GB',
    timezoneId: 'Asia/Kuwait',
    javaScriptEnabled: javaScript,
    isMobile: size === 'phone',
    hasTouch: size === 'phone',
    reducedMotion: 'reduce',
    colorScheme,
  });
  context.setDefaultTimeout(15_000);
  const faults = [];
  const requests = [];
  watch(context, allowed, requests, faults, expected);

  return {
    context,
    locale,
    size,
    faults,
    requests,
    newPage: () => context.newPage(),
    /** Looks at a page with axe, in both languages' rules; faults are noted with the picture's name. */
    async examine(page, name) {
      const violations = await runAxe(context, page);
      for (const { id, help, nodes } of violations) {
        faults.push(`${name}: axe ${id}: ${help}: ${nodes.join(' | ')}`);
      }
      faults.push(...(await languageFaults(page, locale)).map((fault) => `${name}: ${fault}`));
      faults.push(...(await overflowFaults(page)).map((fault) => `${name}: ${fault}`));
    },
    /** Takes a picture of the whole page: `<name>.<locale>.<width>.png`. */
    async shot(page, name) {
      if (!shots) return;
      await mkdir(shots, { recursive: true });
      const path = join(shots, `${name}.${locale}.${SIZES[size].width}.png`);
      await page.screenshot({ path, fullPage: true, animations: 'disabled' });
    },
    close: () => context.close(),
  };
}

function watch(context, allowed, requests, faults, expected) {
  context.on('request', (request) => {
    const url = new URL(request.url());
    // The browser's own viewer of documents is made of pages of the browser; nothing of them leaves the machine.
    if (['data:', 'blob:', 'chrome-extension:', 'chrome:'].includes(url.protocol)) return;
    requests.push(request.url());
    if (!allowed.includes(url.origin)) {
      faults.push(`a request to another host: ${url.origin}${url.pathname}`);
    }
  });
  context.on('console', (message) => {
    if (message.type() !== 'error') return;
    // Chromium reports breaches of the Content-Security-Policy and failed loads here too.
    const text = `${message.text()} (${message.location().url})`;
    if (!expected.some((pattern) => pattern.test(text))) {
      faults.push(`console error: ${text}`);
    }
  });
  context.on('weberror', (error) => faults.push(`uncaught error in a page: ${error.error()}`));
}

/**
 * axe in an isolated world, through the debugger: the page's Content-Security-Policy stays as it is in production,
 * and the page can't see it.
 */
async function runAxe(context, page) {
  const session = await context.newCDPSession(page);
  try {
    const { frameTree } = await session.send('Page.getFrameTree');
    const { executionContextId: contextId } = await session.send('Page.createIsolatedWorld', {
      frameId: frameTree.frame.id,
      worldName: 'axe',
    });
    const evaluate = async (expression) => {
      const answer = await session.send('Runtime.evaluate', {
        expression,
        contextId,
        awaitPromise: true,
        returnByValue: true,
      });
      if (answer.exceptionDetails) {
        throw new Error(`axe: ${answer.exceptionDetails.exception?.description ?? answer.exceptionDetails.text}`);
      }
      return answer.result.value;
    };
    await evaluate(`${axeSource}; 0`);
    const result = await evaluate(AXE_RUN);
    if (result.passes === 0) {
      throw new Error('axe examined nothing: the page is empty or the harness is broken');
    }
    return result.violations;
  } finally {
    await session.detach();
  }
}

// `lang` and `dir` of the document must be those of the visitor's language.
async function languageFaults(page, locale) {
  const root = page.locator('html');
  const [lang, dir] = [await root.getAttribute('lang'), await root.getAttribute('dir')];
  const wanted = locale === 'ar' ? 'rtl' : 'ltr';
  const faults = [];
  if (!lang?.startsWith(locale)) faults.push(`<html lang="${lang}"> where the visitor reads ${locale}`);
  if (dir !== wanted) faults.push(`<html dir="${dir}"> where ${locale} needs ${wanted}`);
  return faults;
}

// WCAG 1.4.10: a page may scroll down, never sideways as well.
async function overflowFaults(page) {
  const { scroll, client } = await evaluateIn(page, 'scroll', `({
    scroll: document.documentElement.scrollWidth,
    client: document.documentElement.clientWidth,
  })`);
  return scroll > client + 1 ? [`scrolls sideways: ${scroll} px wide in ${client} px`] : [];
}

/** Evaluates an expression in a world of its own, past any Content-Security-Policy, scripts off or on. */
export async function evaluateIn(page, worldName, expression) {
  const session = await page.context().newCDPSession(page);
  try {
    const { frameTree } = await session.send('Page.getFrameTree');
    const { executionContextId: contextId } = await session.send('Page.createIsolatedWorld', {
      frameId: frameTree.frame.id,
      worldName,
    });
    const answer = await session.send('Runtime.evaluate', { expression, contextId, returnByValue: true });
    return answer.result.value;
  } finally {
    await session.detach();
  }
}

const AXE_RUN = `axe.run(document, {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  resultTypes: ['violations'],
}).then((result) => ({
  passes: result.passes.length,
  violations: result.violations.map((v) => ({
    id: v.id,
    help: v.help,
    nodes: v.nodes.slice(0, 3).map((n) => n.target.join(' ') + ' ' + n.html.slice(0, 160)),
  })),
}))`;
