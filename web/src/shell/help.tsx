import { createContext, useContext, type ReactNode } from "react";

export interface Help {
  show: (content: ReactNode) => void;
}

export const HelpContext = createContext<Help>({ show: () => undefined });

/** Opens the panel beside the page that explains things. */
export function useHelp(): Help {
  return useContext(HelpContext);
}
