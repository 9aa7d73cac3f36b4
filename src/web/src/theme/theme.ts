import { useState } from "react";

export type Theme = "light" | "dark";

const KEPT_UNDER = "roomtally.theme";

function kept(): Theme | null {
  try {
    const value = localStorage.getItem(KEPT_UNDER);
    return value === "light" || value === "dark" ? value : null;
  } catch {
    return null; // storage is forbidden: the machine's choice it is
  }
}

/** The person's choice, before anything is drawn; without one the machine's own holds by itself. */
export function applyTheme(): void {
  const theme = kept();
  if (theme) document.documentElement.setAttribute("data-theme", theme);
}

function current(): Theme {
  return kept() ?? (window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
}

export function useTheme(): [Theme, () => void] {
  const [theme, setTheme] = useState(current);
  function turn() {
    const next = theme === "dark" ? "light" : "dark";
    document.documentElement.setAttribute("data-theme", next);
    setTheme(next);
    try {
      localStorage.setItem(KEPT_UNDER, next);
    } catch {
      // storage is forbidden or full: the choice holds as long as the page
    }
  }
  return [theme, turn];
}
