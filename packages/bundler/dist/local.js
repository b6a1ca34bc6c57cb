/**
 * The node that `proven dev` runs on this machine, when this page comes from a Vite development server with the
 * Proven plugin; nothing otherwise, so that a page that is built asks where it came from.
 */
export const local = {};
