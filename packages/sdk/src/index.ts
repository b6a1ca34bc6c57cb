// Call a Proven app from a web page that has verified who answers.

export { type Platform } from './attestation/evidence.ts';
export { type Measurements, type Policy } from './attestation/policy.ts';
export { type AttestationReport } from './attestation/report.ts';
export { type Rule } from './attestation/rules.ts';
export { type AccountKind } from './commands.ts';
export { type Carrier, type ConnectionState } from './connection.ts';
export { type ErrorCode, type ErrorDetails, ProvenError } from './errors.ts';
export type { LogReport } from './log/report.ts';
export { type AccountsApi, type LinkChallenge, type LinkedAccount, type SessionInfo, type SessionsApi } from './management.ts';
export { type Readable } from './readable.ts';
export { type AuthState, type CallOptions, type ProvenOptions, ProvenSDK, type UserInfo, type WhoAmI } from './sdk.ts';
export { type SubscribeOptions } from './subscriptions.ts';
export { type PendingChange, type Upgrade, type UpgradeKind, type Version } from './upgrades.ts';
