/** All checks and tests one after the other, or the projects that are named; what failed and what they come to in the last lines. Goes on after a failure. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** What is read of Vitest's JSON report. */
interface Result {
  numPassedTests: number;
  numPendingTests: number;
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { fullName: string; status: string; failureMessages: string[] }[];
  }[];
}

const named = process.argv.slice(2);
const checks = named.length > 0 ? [] : ['check:types', 'check:lint', 'check:format', 'check:unused'];
const projects = named.length > 0 ? named : ['unit', 'peers', 'load', 'e2e'];

const dir = mkdtempSync(path.join(tmpdir(), 'pi-image-results-'));
const total = { passed: 0, skipped: 0 };
const failures: string[] = [];

for (const check of checks) {
  const { status } = spawnSync('npm', ['run', '--silent', check], { stdio: 'inherit' });
  if (status === 0) total.passed += 1;
  else failures.push(check);
}
for (const project of projects) {
  const file = path.join(dir, `${project}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const { status } = spawnSync('npx', ['--no-install', 'vitest', 'run', '--project', project, ...reporters], {
    stdio: 'inherit',
  });
  const result = readResult(file);
  total.passed += result.numPassedTests;
  total.skipped += result.numPendingTests;
  const failed = failuresOf(project, result);
  // A runner that broke has no file and no test that failed.
  failures.push(...(failed.length === 0 && status !== 0 ? [`${project}: the runner itself`] : failed));
}
rmSync(dir, { recursive: true, force: true });

// Hours of output lie before this: what failed is said once more where it is looked for.
for (const failure of failures) process.stdout.write(`failed: ${failure}\n`);
if (total.skipped > 0) process.stdout.write(`${total.skipped} skipped\n`);
process.stdout.write(`${total.passed} passed, ${failures.length} failed\n`);
process.exitCode = failures.length === 0 ? 0 : 1;

/** A test that failed, with the first lines of why; a file that could not be loaded counts as one. */
function failuresOf(project: string, result: Result): string[] {
  return result.testResults.flatMap((file) => {
    const place = `${project}: ${path.relative(process.cwd(), file.name)}`;
    const tests = file.assertionResults.filter((test) => test.status === 'failed');
    if (tests.length === 0 && file.status === 'failed') return [`${place}\n${beginning(file.message)}`];
    return tests.map((test) => `${place}: ${test.fullName}\n${beginning(test.failureMessages.join('\n'))}`);
  });
}

function beginning(message: string): string {
  const lines = message.split('\n').slice(0, 12);
  return lines.map((line) => `    ${line.slice(0, 300)}`).join('\n');
}

function readResult(file: string): Result {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Result;
  } catch {
    return { numPassedTests: 0, numPendingTests: 0, testResults: [] };
  }
}
