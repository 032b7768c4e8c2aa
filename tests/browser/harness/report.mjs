// Runs named checks one after another and keeps count. The last line is `N passed, N failed`.

export class Report {
  #passed = 0;
  #failed = [];

  constructor(filter = '') {
    this.filter = filter;
  }

  /** Runs one check. It fails by throwing, or by answering with a list of faults that is not empty. */
  async check(name, run) {
    if (!name.includes(this.filter)) return;
    const began = performance.now();
    try {
      const faults = (await run()) ?? [];
      if (faults.length > 0) throw new Error([...new Set(faults)].join('\n'));
      this.#passed += 1;
      console.log(`ok    ${name} (${Math.round(performance.now() - began)} ms)`);
    } catch (error) {
      this.fail(name, error);
    }
  }

  /** Notes a failure that no filter hides. */
  fail(name, error) {
    this.#failed.push(name);
    console.log(`FAIL  ${name}\n${indent(error.stack ?? String(error))}`);
  }

  /** Prints the closing line and answers with the exit code. A run without a single check has failed. */
  close() {
    for (const name of this.#failed) console.log(`failed: ${name}`);
    console.log(`${this.#passed} passed, ${this.#failed.length} failed`);
    return this.#failed.length === 0 && this.#passed > 0 ? 0 : 1;
  }
}

function indent(text) {
  return text.split('\n').map((line) => `      ${line}`).join('\n');
}
