/** The owner page: a person sees what they own, and signs for it. It listens to no other window. */
import { element } from '../sign-in/dom.ts';
import { Screen } from '../sign-in/screen.ts';
import { type Configuration, CONFIGURATION_ELEMENT, readConfiguration } from './configuration.ts';
import { Desk } from './desk.ts';
import { type Handover, isHandover, readHandover } from './handover.ts';

const configuration: Configuration = readConfiguration(document.getElementById(CONFIGURATION_ELEMENT)?.textContent ?? '');
const root = document.getElementById('frame')!;
const screen = new Screen(root, location.host, 'The owner page of ', element('b', {}, location.host));
let desk: Desk | undefined;

/** Take what the address hands over, out of the address. */
function takeHandover(): Promise<Handover> | undefined {
  const { hash } = location;
  if (!isHandover(hash)) return undefined;
  history.replaceState(null, '', location.pathname);
  return readHandover(hash);
}

/** Begin anew: what was shown or about to be signed before is given up. */
function begin(handover: Promise<Handover> | undefined): void {
  desk?.end();
  desk = new Desk(configuration, screen);
  void desk.run(handover);
}

window.addEventListener('hashchange', () => {
  if (isHandover(location.hash)) begin(takeHandover());
});
window.addEventListener('pageshow', ({ persisted }) => {
  if (persisted) begin(undefined);
});
begin(takeHandover());
