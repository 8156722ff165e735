import { createElement as h, useEffect, useState } from 'react';

const accessTexts = {
  missing: 'Enter a key to begin',
  unknown: 'Connecting…',
  granted: 'Connected',
  refused: 'Key refused',
};

const environmentTexts = {
  SIMULATOR: 'Simulator: nothing is paid for',
  LIVE: 'Live: runs cost money',
};

/**
 * The strip at the top: the name, the key, whether the server accepts the key, simulator or live, and a button that
 * restores the examples.
 */
export function KeyStrip({ adminKey, access, environment, onConnect, onReset }) {
  const [draft, setDraft] = useState(adminKey);
  useEffect(() => setDraft(adminKey), [adminKey]);
  const submit = (event) => {
    event.preventDefault();
    onConnect(draft.trim());
  };
  return h(
    'header',
    { className: 'graphiql-container explorer-strip' },
    h('h1', null, h('span', { className: 'explorer-mark', 'aria-hidden': true }), 'Dramatis explorer'),
    h(
      'form',
      { onSubmit: submit },
      h('label', { htmlFor: 'admin-key' }, 'Key or token'),
      h('input', {
        id: 'admin-key',
        type: 'password',
        value: draft,
        placeholder: 'Paste the key',
        autoComplete: 'off',
        spellCheck: false,
        autoFocus: !adminKey,
        onChange: (event) => setDraft(event.target.value),
        onBlur: () => draft.trim() !== adminKey && onConnect(draft.trim()),
      }),
      h('button', { type: 'submit' }, 'Connect'),
    ),
    h(
      'output',
      { className: `explorer-access explorer-${access}`, htmlFor: 'admin-key' },
      accessTexts[access],
    ),
    environment &&
      h(
        'output',
        { className: `explorer-environment explorer-${environment.toLowerCase()}` },
        environmentTexts[environment],
      ),
    h('button', { type: 'button', className: 'explorer-reset', onClick: onReset }, 'Restore examples'),
  );
}
