// A plain ES module: no build, no Node. What it imports is a copy of @proven-network/sdk.
import { ProvenSDK } from './proven/index.js';

// Nothing is sent before the node has proved what it is. A development node proves nothing about its machine, so
// that it has to be believed by name; in production, list the `measurements` that you trust instead.
const sdk = new ProvenSDK({ application: '__name__', policy: { development: true } });

const form = document.querySelector('form');
const output = document.querySelector('output');

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  try {
    output.textContent = await sdk.call('greet', form.elements.name.value);
    await showWhatWasVerified();
  } catch (error) {
    output.textContent = `${error.code ?? error.name}: ${error.message}`;
  }
});

async function showWhatWasVerified() {
  const { summary } = await sdk.attestation();
  const lines = summary.map((sentence) => {
    const line = document.createElement('li');
    line.textContent = sentence;
    return line;
  });
  document.querySelector('ul').replaceChildren(...lines);
}
