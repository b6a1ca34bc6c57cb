export { type UpgradePolicy } from './log/applications.ts';
export { type Answer, checkLog, type LogQuestion, type LogReport } from './log/check.ts';
