/** All checks and tests one after the other, or the projects that are named; what they come to in the last line. Goes on after a failure. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const named = process.argv.slice(2);
const checks = named.length > 0 ? [] : ['check:types', 'check:lint', 'check:format', 'check:unused'];
const projects = named.length > 0 ? named : ['unit', 'peers', 'load', 'e2e'];

const dir = mkdtempSync(path.join(tmpdir(), 'pi-image-results-'));
const total = { passed: 0, failed: 0, skipped: 0 };

for (const check of checks) {
  const { status } = spawnSync('npm', ['run', '--silent', check], { stdio: 'inherit' });
  if (status === 0) total.passed += 1;
  else total.failed += 1;
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
  // A runner that broke, or a file that could not be loaded, is a failure without a test of its own.
  total.failed += result.numFailedTests === 0 && status !== 0 ? 1 : result.numFailedTests;
}
rmSync(dir, { recursive: true, force: true });

if (total.skipped > 0) process.stdout.write(`${total.skipped} skipped\n`);
process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
process.exitCode = total.failed === 0 ? 0 : 1;

function readResult(file: string): { numPassedTests: number; numFailedTests: number; numPendingTests: number } {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ReturnType<typeof readResult>;
  } catch {
    return { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0 };
  }
}
