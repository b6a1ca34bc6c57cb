// A page made with React: `show(readable)` renders its value, `who(sdk)` who is signed in, `gone()` takes it away.
import { createElement, StrictMode } from 'react';
import { flushSync } from 'react-dom';
import { createRoot } from 'react-dom/client';

import { ProvenSDK } from '@proven-network/sdk';
import { useAuthState, useReadable, useUserInfo } from '@proven-network/sdk/react';

import { source } from './source.js';

let root;

function render(kind, props) {
  root ??= createRoot(document.getElementById('app'));
  flushSync(() => root.render(createElement(StrictMode, null, createElement(kind, props))));
}

function Value({ readable, marker }) {
  page.renders += 1;
  return createElement('p', null, `${useReadable(readable)}${marker}`);
}

function Who({ sdk }) {
  const state = useAuthState(sdk);
  const user = useUserInfo(sdk);
  page.seen.push([state, user?.identity ?? null]);
  return createElement('p', null, state === 'signed-in' ? `You are ${user.identity}` : 'Nobody is signed in');
}

globalThis.page = {
  ProvenSDK,
  source,
  renders: 0,
  seen: [],
  show: (readable, marker = '') => render(Value, { readable, marker }),
  who: (sdk) => render(Who, { sdk }),
  gone() {
    flushSync(() => root.unmount());
    root = undefined;
  },
};
document.documentElement.dataset.ready = '';
