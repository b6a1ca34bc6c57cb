/** What went wrong, as a sentence that says what to do next. */
import { ProvenError } from '../../packages/sdk/src/errors.ts';

export function describe(error: unknown): string {
  if (error instanceof ProvenError) return ofNode(error);
  if (error instanceof DOMException) return ofBrowser(error);
  return 'Something went wrong in this form. Reload the page and try again.';
}

function ofBrowser(error: DOMException): string {
  switch (error.name) {
    case 'NotAllowedError':
      return 'The passkey prompt was closed, or nothing was chosen in time. Nothing has changed; try again.';
    case 'InvalidStateError':
      return 'This device has a passkey for this account already. Continue with that one.';
    case 'NotSupportedError':
    case 'ConstraintError':
      return 'This device cannot make a passkey that checks who you are. Set up a screen lock, or use another device.';
    case 'SecurityError':
      return 'The browser does not allow passkeys here. Open the app under its own address.';
    case 'OperationError':
      return 'What this passkey holds cannot be opened. Use another passkey or your recovery phrase.';
    default:
      return 'The browser could not finish this. Reload the page and try again.';
  }
}

function ofNode(error: ProvenError): string {
  switch (error.code) {
    case 'UNAVAILABLE':
    case 'REQUEST_TIMEOUT':
    case 'CALL_INTERRUPTED':
      return 'The node cannot be reached. Check your connection and try again.';
    case 'OVERLOADED':
      return 'The node is busy. Wait a moment and try again.';
    case 'EVIDENCE_INVALID':
      if (typeof error.details?.clockDifference === 'number') {
        return 'The clock of this device is wrong, so the node could not be checked. Set the clock and try again.';
      }
      return 'The node could not prove what it runs, so nothing was sent to it. Do not go on; tell whoever runs this app.';
    case 'NOT_FOUND':
      return 'That is no longer there. Begin again.';
    case 'SESSION_CLOSED':
      return 'This took too long and was ended. Begin again.';
    case 'UNAUTHENTICATED':
      return 'This passkey is not known here; it may have been removed. Use another passkey or your recovery phrase.';
    case 'CONFLICT':
    case 'FORBIDDEN':
    case 'QUOTA_EXCEEDED':
      return sentence(error.message);
    default:
      return 'The node could not do this. Try again; if it stays so, tell whoever runs this app.';
  }
}

function sentence(message: string): string {
  const text = message.slice(0, 300);
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}
