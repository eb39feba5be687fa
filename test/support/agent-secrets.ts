/** What the overlays that ship ask of the secret store; each tells its name, so that a test finds it again. */
const names = ['mungeKey', 'sshHostKey', 'sshHostCertificate', 'sshUserKey', 'sshUserCertificate', 'sshCaPublicKey'];

export const agentSecrets = Object.fromEntries(names.map((name) => [name, Buffer.from(`the secret ${name}`)]));
