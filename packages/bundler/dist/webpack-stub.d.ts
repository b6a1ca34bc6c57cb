import type { LoaderContext } from 'webpack';
import { type LoaderOptions } from './webpack.ts';
/** Never reached: `pitch` answers before the handler module is read. */
export default function loader(): never;
/** The stub, instead of the handler module. */
export declare function pitch(this: LoaderContext<LoaderOptions>): void;
