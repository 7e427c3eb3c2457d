import { createTheme, MantineProvider, useMantineColorScheme } from "@mantine/core";
import "@mantine/core/styles/default-css-variables.css";
import "@mantine/core/styles/global.css";
import "@mantine/core/styles/ScrollArea.css";
import "@mantine/core/styles/UnstyledButton.css";
import "@mantine/core/styles/VisuallyHidden.css";
import "@mantine/core/styles/Paper.css";
import "@mantine/core/styles/Popover.css";
import "@mantine/core/styles/CloseButton.css";
import "@mantine/core/styles/Group.css";
import "@mantine/core/styles/Overlay.css";
import "@mantine/core/styles/ModalBase.css";
import "@mantine/core/styles/Modal.css";
import "@mantine/core/styles/Menu.css";
import "@mantine/core/styles/Tooltip.css";
import "./fonts.css";
import "./tokens.css";
import "./base.css";
import type { ReactNode } from "react";

// Mantine gives behaviour (focus traps, placement, keyboard); the look is in tokens.css and in the files beside this one.
const theme = createTheme({
  fontFamily: "var(--sans)",
  fontFamilyMonospace: "var(--mono)",
  defaultRadius: 5,
  respectReducedMotion: true,
  components: {
    Tooltip: { defaultProps: { openDelay: 250, multiline: true, maw: 360, events: { hover: true, focus: true, touch: true } } },
  },
});

/** Colours, fonts and what dialogs and menus need. Around everything. */
export function ThemeProvider({ children, test = false }: { children: ReactNode; test?: boolean }) {
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" env={test ? "test" : "default"}>
      {children}
    </MantineProvider>
  );
}

/** The colour scheme the reader chose. */
export type Scheme = "light" | "dark" | "auto";

/** The chosen scheme, and how to choose another; the choice is kept in the browser. */
export function useScheme(): { scheme: Scheme; setScheme: (scheme: Scheme) => void } {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return { scheme: colorScheme, setScheme: setColorScheme };
}
