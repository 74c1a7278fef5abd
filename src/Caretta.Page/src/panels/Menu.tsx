import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { Icon, type IconName } from './Icon';

interface MenuProps {
  /** What the button says; on narrow screens only to screen readers, beside the icon. */
  label: string;
  /** Of the button for screen readers, where the label alone says too little. */
  describe?: string;
  icon: IconName;
  /** A number on the button; none if 0. */
  badge?: number;
  /** Whether the label stays where there is little room. */
  keepLabel?: boolean;
  children: (close: () => void) => ComponentChildren;
}

/** A button that opens a panel below it. Escape, a click elsewhere or leaving it by keyboard closes it. */
export function Menu({ label, describe, icon, badge = 0, keepLabel = false, children }: MenuProps) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();

  useEffect(() => {
    if (!open) {
      return;
    }

    const elsewhere = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) {
        setOpen(false);
      }
    };
    document.addEventListener('pointerdown', elsewhere, true);
    document.addEventListener('focusin', elsewhere);
    return () => {
      document.removeEventListener('pointerdown', elsewhere, true);
      document.removeEventListener('focusin', elsewhere);
    };
  }, [open]);

  const close = () => {
    setOpen(false);
    button.current?.focus();
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && open) {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  };

  return (
    <div class="menu" ref={root} onKeyDown={onKeyDown}>
      <button
        ref={button} type="button" class={`button${keepLabel ? ' keep' : ''}`} aria-expanded={open} aria-controls={id}
        aria-label={describe} onClick={() => setOpen(!open)}
      >
        <Icon name={icon} />
        <span class="button-label">{label}</span>
        {badge > 0 && <span class="badge">{badge}<span class="visually-hidden"> set</span></span>}
        <Icon name="down" />
      </button>
      <div class="menu-panel" id={id} role="group" aria-label={label} hidden={!open}>
        {open && children(close)}
      </div>
    </div>
  );
}
