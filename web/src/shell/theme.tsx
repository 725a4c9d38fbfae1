import { applyMode, Mode } from "@cloudscape-design/global-styles";
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";

type Choice = "light" | "dark" | "system";
const KEY = "customlabels-theme";
const CHOICES: Choice[] = ["system", "light", "dark"];

interface Theme {
  choice: Choice;
  choose: (choice: Choice) => void;
}

const Context = createContext<Theme>({ choice: "system", choose: () => undefined });

/** The look that was chosen, kept in the browser. */
export function useTheme(): Theme {
  return useContext(Context);
}

export function ThemeProvider({ children }: { children: ReactNode }) {
  const [choice, setChoice] = useState<Choice>(stored);
  useEffect(() => {
    const system = window.matchMedia("(prefers-color-scheme: dark)");
    const apply = () => {
      const dark = choice === "dark" || (choice === "system" && system.matches);
      applyMode(dark ? Mode.Dark : Mode.Light);
      document.documentElement.style.colorScheme = dark ? "dark" : "light";
    };
    apply();
    system.addEventListener("change", apply);
    return () => system.removeEventListener("change", apply);
  }, [choice]);
  const theme = useMemo(
    () => ({
      choice,
      choose: (next: Choice) => {
        setChoice(next);
        try {
          localStorage.setItem(KEY, next);
        } catch {
          // A browser that keeps nothing shows the chosen look until the page is left.
        }
      },
    }),
    [choice],
  );
  return <Context.Provider value={theme}>{children}</Context.Provider>;
}

function stored(): Choice {
  try {
    return CHOICES.find((choice) => choice === localStorage.getItem(KEY)) ?? "system";
  } catch {
    return "system";
  }
}
