/** Kept answers without a database. */
import type { AnswerMemory, KeptAnswer } from '../../src/model/kept-answer.ts';

export function answersInMemory(): AnswerMemory {
  const kept = new Map<string, { readonly request: string; readonly answer?: KeptAnswer }>();
  return {
    begin: ({ key, request }) => {
      const found = kept.get(key);
      if (found === undefined) kept.set(key, { request });
      if (found === undefined) return Promise.resolve({ kind: 'new' });
      if (found.request !== request) return Promise.resolve({ kind: 'other-request' });
      const { answer } = found;
      return Promise.resolve(answer === undefined ? { kind: 'unfinished' } : { kind: 'answered', answer });
    },
    finish: (key, answer) => {
      const { request = '' } = kept.get(key) ?? {};
      // As the database does, which keeps JSON.
      kept.set(key, { request, answer: JSON.parse(JSON.stringify(answer)) as KeptAnswer });
      return Promise.resolve();
    },
    forget: (key) => Promise.resolve(void kept.delete(key)),
  };
}
