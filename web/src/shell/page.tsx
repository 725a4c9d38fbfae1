import type { BreadcrumbGroupProps } from "@cloudscape-design/components/breadcrumb-group";
import { createContext, useContext, useEffect } from "react";

export interface PageContext {
  setCrumbs: (crumbs: BreadcrumbGroupProps.Item[]) => void;
}

export const CrumbsContext = createContext<PageContext>({ setCrumbs: () => undefined });

/** Names the page in the browser's tab and in the path on top: the last of `crumbs` is the page itself. */
export function usePage(...crumbs: [text: string, href?: string][]): void {
  const { setCrumbs } = useContext(CrumbsContext);
  const key = JSON.stringify(crumbs);
  useEffect(() => {
    const known = JSON.parse(key) as [string, string | undefined][];
    document.title = `${known.at(-1)?.[0] ?? "Console"} – Custom Labels`;
    setCrumbs([
      { text: "Custom Labels", href: "/" },
      ...known.map(([text, href], i) => ({ text, href: href ?? (i === known.length - 1 ? "#" : "/") })),
    ]);
  }, [key, setCrumbs]);
}
