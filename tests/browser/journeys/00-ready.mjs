// Before any page: the ready line keeps its promise, and every address in it answers on this machine.

const MEMBERS = ['api', 'callback', 'sandbox', 'phone', 'console', 'demo', 'key', 'catalog'];

export async function journeys({ check, midflow }) {
  await check('the ready line names everything', () => {
    const { ready } = midflow;
    const faults = MEMBERS.filter((name) => typeof ready[name] !== 'string').map((name) => `no \`${name}\``);
    if (!/^sha256:[0-9a-f]{64}$/.test(ready.catalog)) faults.push(`catalog: ${ready.catalog}`);
    for (const name of ['api', 'callback', 'sandbox', 'phone', 'console', 'demo']) {
      const { hostname } = new URL(ready[name]);
      if (!['127.0.0.1', 'localhost', '[::1]'].includes(hostname)) faults.push(`${name} is at ${hostname}`);
    }
    return faults;
  });

  await check('health, readiness, metrics and OpenAPI answer', async () => {
    const faults = [];
    for (const path of ['/healthz', '/readyz', '/metrics', '/v1/openapi.json']) {
      const answer = await fetch(new URL(path, midflow.ready.api));
      if (answer.status !== 200) faults.push(`${path}: ${answer.status}`);
    }
    return faults;
  });

  await check('a flow without a key is refused as a problem', async () => {
    const answer = await fetch(new URL('/v1/flows', midflow.ready.api), { method: 'POST', body: '{}' });
    const type = answer.headers.get('content-type') ?? '';
    return answer.status === 401 && type.startsWith('application/problem+json')
      ? []
      : [`${answer.status} ${type}`];
  });

  await check('the sandbox lists its citizens', async () => {
    const answer = await fetch(`${midflow.ready.phone.replace(/\/$/, '')}/citizens`);
    const citizens = await answer.json();
    const endings = new Set(citizens.map((citizen) => citizen.ending));
    return ['approves', 'declines', 'never_answers', 'not_enrolled', 'minor', 'free']
      .filter((ending) => !endings.has(ending))
      .map((ending) => `nobody whose ending is \`${ending}\``);
  });
}
