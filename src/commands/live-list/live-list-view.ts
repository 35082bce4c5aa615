import { Box, Text, useApp, useInput, usePaste, useWindowSize } from 'ink';
import { createElement, type ReactNode, useEffect, useState, useSyncExternalStore } from 'react';
import { createFrame } from './frame.ts';
import { toKeyPress } from './key-press.ts';
import type { ListController } from './list-controller.ts';
import type { Line, Tone } from './styled-line.ts';

/** How often ages and times left are drawn anew. */
const tickMs = 1000;

type TextStyle = Omit<Parameters<typeof Text>[0], 'children' | 'wrap'>;

const plainStyles: Readonly<Record<Tone, TextStyle>> = {
  plain: {},
  dim: {},
  title: { bold: true },
  add: {},
  remove: {},
  done: {},
  failed: {},
  selected: { bold: true },
  cursor: { inverse: true },
};

const colourStyles: Readonly<Record<Tone, TextStyle>> = {
  ...plainStyles,
  dim: { dimColor: true },
  add: { color: 'green' },
  remove: { color: 'red' },
  done: { color: 'green' },
  failed: { color: 'yellow' },
  selected: { inverse: true },
};

/** Hands the terminal to another program while `act` runs. */
export type SuspendTerminal = (act: () => Promise<void>) => Promise<void>;

/** The live list on a terminal: draws the controller's state, and hands it the keys. */
export function LiveList(props: {
  readonly controller: ListController;
  readonly colour: boolean;
  readonly nowMs: () => number;
  /** Gives the way to hand the terminal over, which only Ink knows. */
  readonly onTerminal: (suspend: SuspendTerminal) => void;
}): ReactNode {
  const { controller, colour, nowMs, onTerminal } = props;
  const { suspendTerminal } = useApp();
  useEffect(() => onTerminal(suspendTerminal), [onTerminal, suspendTerminal]);
  const state = useSyncExternalStore(controller.subscribe, controller.state);
  const size = useWindowSize();
  const [, setTick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTick((tick) => tick + 1), tickMs);
    return () => clearInterval(timer);
  }, []);
  useInput((input, key) => {
    const pressed = toKeyPress(input, key);
    if (pressed !== null) controller.press(pressed);
  });
  usePaste((text) => controller.paste(text));
  const styles = colour ? colourStyles : plainStyles;
  const { lines } = createFrame(state, size, nowMs());
  return createElement(
    Box,
    { flexDirection: 'column', width: size.columns },
    ...lines.map((line, row) => createElement(ScreenLine, { key: row, line, styles })),
  );
}

function ScreenLine(props: { readonly line: Line; readonly styles: Readonly<Record<Tone, TextStyle>> }) {
  const { line, styles } = props;
  return createElement(
    Text,
    { wrap: 'truncate' },
    // An empty line takes its row too.
    line.every(({ text }) => text === '') ? ' ' : null,
    ...line.map(({ text, tone }, place) => createElement(Text, { key: place, ...styles[tone] }, text)),
  );
}
