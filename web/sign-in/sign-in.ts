/** The frame: says hello, listens to exactly one page, and lets the person do what that page asks for. */
import { ProvenError } from '../../packages/sdk/src/errors.ts';
import { deriveEncryptionKey, deriveIdentityKey, sign } from '../../packages/sdk/src/identity.ts';
import { CONFIGURATION_ELEMENT, type Configuration, readConfiguration } from './configuration.ts';
import { element } from './dom.ts';
import { Flow, wipe } from './flows.ts';
import { Node } from './management.ts';
import { allows } from './origins.ts';
import { type Answer, GREETING, isHello, readRequest, type Request } from './protocol.ts';
import { Cancelled, Screen } from './screen.ts';

/**
 * One page on the other end of a port. Its rules:
 *
 * 1. One request at a time; while it is under way only its cancellation is expected.
 * 2. Anything else, in form or order, closes the port and ends the frame.
 */
class Conversation {
  readonly #configuration: Configuration;
  readonly #screen: Screen;
  readonly #port: MessagePort;
  readonly #origin: string;
  readonly #node: Node;
  #flow: Flow | undefined;
  #closed = false;

  constructor(configuration: Configuration, screen: Screen, port: MessagePort, origin: string) {
    this.#configuration = configuration;
    this.#screen = screen;
    this.#port = port;
    this.#origin = origin;
    this.#node = new Node(configuration.development);
    port.onmessage = ({ data, ports }) => this.#receive(ports.length === 0 ? readRequest(data) : undefined);
    port.onmessageerror = () => this.close();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#port.close();
    this.#flow?.cancel();
    this.#node.close();
    this.#screen.show('This form has closed', [
      'The page around it said something that no app says, so nothing was given to it. Reload the page to try again.',
    ]);
  }

  /** The person wants nothing of what is asked. */
  leave(): void {
    this.#flow?.cancel();
  }

  say(answer: Answer): void {
    if (!this.#closed) this.#port.postMessage(answer);
  }

  #receive(request: Request | undefined): void {
    if (this.#closed) return;
    if (request === undefined) return this.close();
    if (request.type === 'cancel') return this.#flow?.cancel();
    if (this.#flow !== undefined) return this.close();
    void this.#answer(request);
  }

  async #answer(request: Exclude<Request, { type: 'cancel' }>): Promise<void> {
    const flow = new Flow({
      screen: this.#screen,
      relyingParty: this.#configuration.relyingParty,
      origin: this.#origin,
      management: () => this.#node.management(),
    });
    this.#flow = flow;
    this.#node.warm();
    let answer: Answer;
    try {
      answer = request.type === 'identify' ? await this.#identify(flow, request) : await manage(flow, request.id);
    } catch (error) {
      answer = failure(request.id, error);
    }
    this.#flow = undefined;
    this.#node.close();
    if (this.#closed) return;
    this.#screen.show(answer.type === 'error' ? 'Closed' : 'Done', ['You can go on in the page around this form.']);
    this.say(answer);
  }

  async #identify(flow: Flow, { id, transcript }: { id: number; transcript: Uint8Array }): Promise<Answer> {
    const seed = await flow.identify();
    try {
      const application = this.#configuration.application.id;
      const key = await deriveIdentityKey(seed, application);
      const encryptionKey = await deriveEncryptionKey(seed, application);
      return { id, type: 'identified', publicKey: key.publicKey, signature: await sign(key, transcript), encryptionKey };
    } finally {
      wipe(seed);
    }
  }
}

async function manage(flow: Flow, id: number): Promise<Answer> {
  await flow.manage();
  return { id, type: 'done' };
}

function failure(id: number, error: unknown): Answer {
  if (error instanceof Cancelled) return { id, type: 'error', code: 'CANCELLED', message: 'the person cancelled' };
  const code = error instanceof ProvenError ? error.code : 'INTERNAL';
  return { id, type: 'error', code, message: 'the sign-in form failed' };
}

/** Wait for the one page that may talk to the frame. */
function listen(configuration: Configuration, screen: Screen): void {
  let conversation: Conversation | undefined;
  let spoilt = false;
  window.addEventListener('message', ({ source, origin, data, ports }) => {
    if (source !== window.parent || spoilt) return;
    const [port] = ports;
    const proper = allows(configuration.origins, origin, location.port) && isHello(data, configuration.application.id) && ports.length === 1;
    if (proper && port !== undefined && conversation === undefined) {
      const begun = new Conversation(configuration, screen, port, origin);
      conversation = begun;
      new ResizeObserver(() => begun.say({ id: 0, type: 'resize', height: screen.height })).observe(document.body);
      return;
    }
    spoilt = true;
    for (const unwanted of ports) unwanted.close();
    if (conversation !== undefined) return conversation.close();
    screen.show('This form has closed', ['The page around it may not use it. Open the app under its own address.']);
  });
  // A key pressed in here does not reach the page around, whose dialog would close by it.
  window.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && event.isTrusted && !event.isComposing) conversation?.leave();
  });
  window.parent.postMessage(GREETING, '*');
}

function start(): void {
  const configuration = readConfiguration(document.getElementById(CONFIGURATION_ELEMENT)?.textContent ?? '');
  const whose = ['A form of ', element('b', {}, location.host), ', not of the app'];
  const screen = new Screen(document.getElementById('frame')!, configuration.application.name, ...whose);
  if (window.parent === window) {
    screen.show('Nothing to sign in to', [`This form works inside ${configuration.application.name}. Open the app and sign in there.`]);
    return;
  }
  screen.show('One moment', ['Waiting for the app…']);
  listen(configuration, screen);
}

start();
