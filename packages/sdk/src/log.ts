// What the transparency log says about an application. The main entry loads this when a page asks for it.

export { type UpgradePolicy } from './log/applications.ts';
export { checkLog, type LogQuestion } from './log/check.ts';
export { type LogReport } from './log/report.ts';
export { type Answer } from './log/view.ts';
