import { useRef, useState } from 'preact/hooks';
import { Icon } from './Icon';

/** A query to go on with elsewhere. Without a secure context there is no clipboard: the text is then selected, to be copied by hand. */
export function CopyQuery({ query }: { query: string }) {
  const [done, setDone] = useState('');
  const text = useRef<HTMLTextAreaElement>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(query);
      setDone('Copied');
    } catch {
      text.current?.focus();
      text.current?.select();
      setDone('Selected: copy it with Ctrl+C');
    }
  };
  return (
    <section class="detail-section">
      <h3>PromQL</h3>
      <textarea ref={text} class="query" readOnly rows={3} aria-label="PromQL query" value={query} spellcheck={false} />
      <button type="button" class="button" onClick={copy}><Icon name="copy" /> Copy query</button>{' '}
      <span class="quiet" role="status">{done}</span>
    </section>
  );
}
