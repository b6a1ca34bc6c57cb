import { proven } from '@proven-network/bundler/vite';
import { defineConfig } from 'vite';

export default defineConfig({
  root: 'web',
  base: './',
  build: { outDir: '../dist', emptyOutDir: true, modulePreload: { polyfill: false } },
  plugins: [proven()],
});
