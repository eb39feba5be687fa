/** What is wrong, why, and what to do about it: the call behind "pi-image doctor". */
import { NodeDiagnosis, SiteDiagnosis } from '../../model/diagnosis.ts';
import { json, route, type Route } from '../route.ts';
import { nodeDiagnosisExample, siteDiagnosisExample } from '../schemas/diagnosis.ts';

export const diagnosisRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/diagnosis',
    id: 'getDiagnosis',
    tag: 'service',
    scope: 'read',
    summary: 'Say what is wrong with the service and its nodes',
    description:
      'Each finding with its cause and what to do about it. `note` is what works, and could be better or is under way. ' +
      'What the machine itself lacks is found by `pi-image doctor` there.',
    answers: { 200: { summary: 'All findings', schema: SiteDiagnosis, example: siteDiagnosisExample } },
    run: ({ actions }) => json(actions.siteDiagnosis()),
  }),
  route({
    method: 'get',
    path: '/nodes/{name}/diagnosis',
    id: 'getNodeDiagnosis',
    tag: 'nodes',
    scope: 'read',
    summary: 'Say why a node is not ready, and what to do about it',
    answers: { 200: { summary: 'Its findings', schema: NodeDiagnosis, example: nodeDiagnosisExample } },
    run: ({ actions, param }) => json(actions.diagnosis(param('name'))),
  }),
];
