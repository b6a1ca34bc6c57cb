// What the transparency log says about an application. The main entry loads this when a page asks for it.

export { type UpgradePolicy } from './log/applications.ts';
export { type Answer, checkLog, type LogQuestion, type LogReport } from './log/check.ts';
