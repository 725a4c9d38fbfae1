import { useCallback, useRef, useState } from "react";
import { ApiError, upload, words } from "../../api/client";

const AT_ONCE = 4;
const TRIES = 3;

export interface Chosen {
  file: File;
  path: string;
  /** The folder that the file lies in, empty for none. */
  label: string;
}

export interface Uploaded {
  running: boolean;
  total: number;
  share: number;
  added: number;
  /** Images that the dataset had already, as after an upload that broke off. */
  known: number;
  failed: { file: Chosen; reason: string }[];
  notes: string[];
}

interface Answer {
  New: boolean;
  Note: string;
}

/** Sends files to a dataset, a few at a time; one that the network lost is tried again. */
export function useUploads(arn: string) {
  const [state, setState] = useState<Uploaded | null>(null);
  const stopping = useRef<AbortController | null>(null);

  const start = useCallback(
    (files: Chosen[], labelled: boolean) => {
      const controller = new AbortController();
      stopping.current = controller;
      const shares = new Map<string, number>();
      const now: Uploaded = { running: true, total: files.length, share: 0, added: 0, known: 0, failed: [], notes: [] };
      const tell = () => {
        now.share = [...shares.values()].reduce((sum, share) => sum + share, 0) / Math.max(1, files.length);
        setState({ ...now, failed: [...now.failed], notes: [...now.notes] });
      };
      const queue = [...files];

      async function send(): Promise<void> {
        for (let file = queue.shift(); file && !controller.signal.aborted; file = queue.shift()) {
          const { path } = file;
          try {
            const answer = await sent(arn, file, labelled, controller.signal, (share) => {
              shares.set(path, 0.95 * share);
              tell();
            });
            if (answer.New) now.added += 1;
            else now.known += 1;
            if (answer.Note) now.notes.push(path);
          } catch (error) {
            now.failed.push({ file, reason: words(error) });
          }
          shares.set(path, 1);
          tell();
        }
      }

      tell();
      void Promise.all(Array.from({ length: AT_ONCE }, send)).then(() => {
        now.failed.push(...queue.map((file) => ({ file, reason: "The upload was stopped before it." })));
        now.running = false;
        tell();
      });
    },
    [arn],
  );

  const stop = useCallback(() => stopping.current?.abort(), []);
  return { state, start, stop };
}

async function sent(
  arn: string,
  file: Chosen,
  labelled: boolean,
  signal: AbortSignal,
  onProgress: (share: number) => void,
): Promise<Answer> {
  const query = { DatasetArn: arn, Name: file.file.name, Label: labelled && file.label ? [file.label] : [] };
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await upload<Answer>("images/upload", query, file.file, onProgress, signal);
    } catch (error) {
      const passing = error instanceof ApiError && (error.status === 0 || error.status >= 500 || error.code === "ResourceInUseException");
      if (!passing || attempt === TRIES || signal.aborted) throw error;
      await new Promise((resolve) => window.setTimeout(resolve, 400 * attempt));
    }
  }
}
