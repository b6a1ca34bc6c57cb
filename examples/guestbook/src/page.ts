import type { Entry } from './guestbook.ts';

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => ESCAPES[character]);

const item = ({ name, message, written }: Entry): string =>
  `<li><b>${escape(name)}</b> <time>${escape(written)}</time><p>${escape(message)}</p></li>`;

export const page = (entries: Entry[]): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Guestbook</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 36rem; margin: 2rem auto; padding: 0 1rem }
  form { display: grid; gap: .5rem }
  input, textarea, button { font: inherit; padding: .4rem }
  ul { list-style: none; padding: 0 }
  time { color: #777; font-size: .8em }
</style>
<h1>Guestbook</h1>
<form method="post" action="entries">
  <input name="name" placeholder="Your name" required maxlength="80">
  <textarea name="message" placeholder="Say something" required maxlength="1000" rows="3"></textarea>
  <button>Sign</button>
</form>
<ul>${entries.map(item).join('')}</ul>
</html>
`;
