/** Whom an event may be sent to. */
export interface PublishOptions {
  /**
   * - `"caller"`: every session that acts as the identity that calls this handler. An anonymous caller is nobody:
   *   rejects with `NO_IDENTITY`.
   * - `"everyone"`: every session of this application.
   * - an identity id, as `getCurrentIdentity()` gives it: every session that acts as that identity.
   *
   * Of these, those get the event that are subscribed to its name when it is delivered. Without `to`, an event is
   * for handlers only.
   */
  to?: "caller" | "everyone" | (string & {});
}

/**
 * Publish an event. Resolves once it is accepted: it is then delivered whatever becomes of this invocation, and after
 * what the application published before. Each subscriber gets it at most once.
 *
 * `name` is 1 to 128 letters, digits and `. _ : / -`. `payload` is anything that can be an argument of a handler, up to
 * 256 KiB encoded. An application that publishes too fast is refused with `OVERLOADED`; the error says when to try again.
 */
export function publish(name: string, payload?: unknown, options?: PublishOptions): Promise<void>;
