import { useEffect, useEffectEvent, useRef, useState } from "react";
import type { Snapshot } from "../../api/schema";
import { useI18n } from "../../i18n";
import type { Connection } from "../../stream";
import { sentenceOf, sentenceOfLine } from "./sentences";

const REST = 10_000; // ms between two sentences
const PATIENCE = 3000; // ms before a cut is worth a word: most last one second

/** Speaks at most once in 10 s; only the newest sentence waits. */
function useCalmVoice(): [string, (sentence: string) => void] {
  const [spoken, speak] = useState("");
  const voice = useRef<{ next: string | null; at: number; timer: ReturnType<typeof setTimeout> | undefined }>({
    next: null,
    at: Number.NEGATIVE_INFINITY,
    timer: undefined,
  });
  useEffect(() => () => clearTimeout(voice.current.timer), []);
  function say(sentence: string) {
    const state = voice.current;
    state.next = sentence;
    clearTimeout(state.timer);
    state.timer = setTimeout(
      () => {
        state.at = Date.now();
        speak(state.next ?? "");
        state.next = null;
      },
      Math.max(0, state.at + REST - Date.now()),
    );
  }
  return [spoken, say];
}

/** The one live region of a batch. It stands outside of everything that renders anew. */
export function Announcer({
  progress,
  connection,
}: {
  progress: Snapshot | null;
  connection?: Connection | undefined;
}) {
  const i18n = useI18n();
  const [spoken, say] = useCalmVoice();
  const before = useRef<Snapshot | null>(null);
  const line = useRef<Connection["phase"] | null>(null);

  const tellOfBatch = useEffectEvent((now: Snapshot) => {
    const sentence = sentenceOf(i18n, before.current, now);
    before.current = now;
    if (sentence) say(sentence);
  });
  useEffect(() => {
    if (progress) tellOfBatch(progress);
  }, [progress]);

  const phase = connection?.phase;
  const tellOfLine = useEffectEvent((now: Connection["phase"]) => {
    const sentence = sentenceOfLine(i18n, now, line.current);
    if (sentence) say(sentence);
    if (sentence || now === "live") line.current = now;
  });
  useEffect(() => {
    if (!phase) return;
    const timer = setTimeout(() => tellOfLine(phase), phase === "live" || phase === "lost" ? 0 : PATIENCE);
    return () => clearTimeout(timer);
  }, [phase]);

  return (
    <p role="status" aria-live="polite" aria-atomic="true" className="sr-only">
      {spoken}
    </p>
  );
}
