import type { FlashbarProps } from "@cloudscape-design/components/flashbar";
import { createContext, useCallback, useContext, useMemo, useState, type ReactNode } from "react";
import { words } from "../api/client";

export interface Notices {
  items: FlashbarProps.MessageDefinition[];
  success: (text: string) => void;
  info: (text: string) => void;
  /** Tells of something that failed, in the server's words. */
  failed: (error: unknown) => void;
}

const Context = createContext<Notices>({
  items: [],
  success: () => undefined,
  info: () => undefined,
  failed: () => undefined,
});

/** The messages on top of the page. */
export function useNotices(): Notices {
  return useContext(Context);
}

export function NoticesProvider({ children }: { children: ReactNode }) {
  const [items, setItems] = useState<FlashbarProps.MessageDefinition[]>([]);
  const add = useCallback((type: FlashbarProps.Type, content: string) => {
    const id = crypto.randomUUID?.() ?? String(Math.random());
    const dismiss = () => setItems((known) => known.filter((item) => item.id !== id));
    setItems((known) => [{ id, type, content, dismissible: true, onDismiss: dismiss }, ...known].slice(0, 4));
    if (type !== "error") window.setTimeout(dismiss, 8000);
  }, []);
  const notices = useMemo(
    () => ({
      items,
      success: (text: string) => add("success", text),
      info: (text: string) => add("info", text),
      failed: (error: unknown) => add("error", words(error)),
    }),
    [items, add],
  );
  return <Context.Provider value={notices}>{children}</Context.Provider>;
}
