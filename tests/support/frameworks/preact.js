// As `react.js`, made with Preact and its signals.
import '@preact/signals';
import { effect } from '@preact/signals-core';
import { h, render } from 'preact';

import { ProvenSDK } from '@proven-network/sdk';
import { signalOf } from '@proven-network/sdk/preact';

import { source } from './source.js';

const app = () => document.getElementById('app');

function Value({ readable, marker }) {
  page.renders += 1;
  return h('p', null, `${signalOf(readable).value}${marker}`);
}

function Who({ sdk }) {
  const state = signalOf(sdk.authState).value;
  const user = signalOf(sdk.userInfo).value;
  return h('p', null, state === 'signed-in' ? `You are ${user.identity}` : 'Nobody is signed in');
}

globalThis.page = {
  ProvenSDK,
  source,
  renders: 0,
  seen: [],
  show: (readable, marker = '') => render(h(Value, { readable, marker }), app()),
  who(sdk) {
    effect(() => {
      page.seen.push([signalOf(sdk.authState).value, signalOf(sdk.userInfo).value?.identity ?? null]);
    });
    render(h(Who, { sdk }), app());
  },
  gone: () => render(null, app()),
};
document.documentElement.dataset.ready = '';
