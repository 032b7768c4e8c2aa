// A harness that can't fail proves nothing: each kind of fault is served once and must be found, and a good page
// under a strict Content-Security-Policy must pass.

import { createServer } from 'node:http';
import { visit } from './browser.mjs';

const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'";

const page = (body, { lang = 'ar', dir = 'rtl' } = {}) =>
  `<!doctype html><html lang="${lang}" dir="${dir}"><head><title>صفحة</title>
  <meta name="viewport" content="width=device-width, initial-scale=1"></head>
  <body><main><h1>صفحة</h1>${body}</main></body></html>`;

const PAGES = {
  '/good': page('<p>نص</p>'),
  '/foreign': page('<img src="http://127.0.0.2:9/x.png" alt="صورة">'),
  '/inline': page('<p>نص</p><script>document.title = "x"</script>'),
  '/error': page('<p>نص</p><script src="/throw.js"></script>'),
  '/axe': page('<img src="/pixel"><button></button>'),
  '/direction': page('<p>نص</p>', { dir: 'ltr' }),
  '/wide': page('<pre>' + 'x'.repeat(400) + '</pre>'),
};

/** Each page and the faults that must be found in it. */
const EXPECTED = [
  ['/good', []],
  ['/foreign', [/another host: http:\/\/127\.0\.0\.2:9/]],
  ['/inline', [/console error: .*Content Security Policy/]],
  ['/error', [/uncaught error/]],
  ['/axe', [/axe image-alt/, /axe button-name/]],
  ['/direction', [/dir="ltr"/]],
  ['/wide', [/scrolls sideways/]],
];

export async function proveHarness(browser, report) {
  const server = createServer(answer);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  try {
    for (const [path, wanted] of EXPECTED) {
      await report.check(`harness: ${path}`, async () => {
        const visitor = await visit(browser, { allowed: [origin] });
        const tab = await visitor.newPage();
        await tab.goto(origin + path, { waitUntil: 'networkidle' });
        await visitor.examine(tab, path);
        await visitor.close();
        if (wanted.length === 0) return visitor.faults;
        return wanted
          .filter((pattern) => !visitor.faults.some((fault) => pattern.test(fault)))
          .map((pattern) => `${pattern} was not found among: ${visitor.faults.join('; ') || 'nothing'}`);
      });
    }
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

function answer(request, response) {
  const body = PAGES[request.url];
  response.setHeader('content-security-policy', POLICY);
  if (request.url === '/throw.js') {
    response.setHeader('content-type', 'text/javascript').end('throw new Error("on purpose");');
  } else if (body) {
    response.setHeader('content-type', 'text/html; charset=utf-8').end(body);
  } else {
    response.writeHead(204).end();
  }
}
