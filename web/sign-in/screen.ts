import { type Child, button, element, icon } from './dom.ts';

/** The person (or the page that embeds the frame) does not want to go on. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled';
}

/** The person wants to go back to where they chose what to do. */
export class WentBack extends Error {
  override readonly name = 'WentBack';
}

export interface View<T> {
  /** Answers what the person chose and ends the view. */
  answer(value: T): void;
  /** Ends the view with an error: `Cancelled` or `WentBack`. */
  leave(error: Error): void;
}

/** Shows one view at a time. A view that has ended is taken out of the page, so that nothing it showed stays. */
export class Screen {
  readonly applicationName: string;
  readonly #root: HTMLElement;
  readonly #main = element('main');
  readonly #status = element('p', { role: 'status', class: 'unseen' });

  /** `said`, below every view, is whose it is. */
  constructor(root: HTMLElement, applicationName: string, ...said: Child[]) {
    this.#root = root;
    this.applicationName = applicationName;
    root.replaceChildren(this.#main, this.#status, element('footer', {}, icon('lock'), element('span', {}, ...said)));
  }

  /** How high all of it is, in CSS pixels. */
  get height(): number {
    return Math.ceil(this.#root.getBoundingClientRect().height);
  }

  show(heading: string, children: Child[], status = ''): void {
    const title = element('h1', { tabindex: -1 }, heading);
    this.#main.replaceChildren(title, ...children.filter((child) => child !== undefined && child !== false));
    this.#status.textContent = status;
    document.title = `${heading} – ${this.applicationName}`;
    title.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }

  clear(): void {
    this.#main.replaceChildren();
  }
}

/**
 * The screen while one request of the page is under way: each view is a question that is answered once. After
 * `end`, nothing is shown and every question ends with `Cancelled`, however late it is asked.
 */
export class Stage {
  readonly #screen: Screen;
  #leave: ((error: Error) => void) | undefined;
  #ended = false;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  get applicationName(): string {
    return this.#screen.applicationName;
  }

  /** Show a view and wait for its answer; `build` gives what is below the heading. */
  ask<T>(heading: string, build: (view: View<T>) => Child[]): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#leave?.(new Cancelled('another view took its place'));
      if (this.#ended) return reject(new Cancelled('the request has ended'));
      const finish = (settle: () => void): void => {
        this.#leave = undefined;
        this.#screen.clear();
        settle();
      };
      const leave = (error: Error): void => finish(() => reject(error));
      this.#leave = leave;
      this.#screen.show(heading, build({ leave, answer: (value) => finish(() => resolve(value)) }));
    });
  }

  /** Say that something is being done, with a way out if there is one. */
  busy(heading: string, text: string, onCancel?: () => void): void {
    if (this.#ended) throw new Cancelled('the request has ended');
    const spinner = element('span', { class: 'spinner', 'aria-hidden': 'true' });
    const row = element('div', { class: 'busy' }, spinner, element('p', {}, text));
    const way = onCancel && element('div', { class: 'actions' }, button('quiet', 'Cancel', onCancel));
    this.#screen.show(heading, [row, way], text);
  }

  end(): void {
    this.#ended = true;
    this.#leave?.(new Cancelled('the request has ended'));
  }
}
