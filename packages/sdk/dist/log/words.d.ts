import { type ApplicationState, type Pending } from './replay.ts';
/** Such as `7 days`, `1 day 12 hours`. */
export declare function duration(seconds: number): string;
/** Unix milliseconds as a date and time. Times come from strangers: there may be no such day. */
export declare const moment: (milliseconds: number) => string;
/** Who can change the application's code, and after what notice. */
export declare function whoMayChange({ archived, policy }: Pick<ApplicationState, 'archived' | 'policy'>): string;
/** What was announced, and when it can come into force. */
export declare function announced({ change, announcedAt, activatesAt }: Pending): string;
