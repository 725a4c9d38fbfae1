import { useEffect, useRef, useState } from "react";
import type { Change } from "./annotation";
import { cropRect, type Size } from "./geometry";
import type { ImageState } from "./state";

export interface Saving {
  busy: boolean;
  error: string | null;
  /** Stores the images; resolves to whether that went well. */
  save: (images: readonly ImageState[]) => Promise<boolean>;
  dismiss: () => void;
}

/** Stores changed images with `onSave`, one call at a time, and keeps the reason of a failure in words. */
export function useSave(
  onSave: (changes: Change[]) => Promise<void>,
  onSaved: (images: readonly ImageState[]) => void,
): Saving {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const running = useRef(false);

  const save = async (images: readonly ImageState[]): Promise<boolean> => {
    if (running.current) return false;
    if (images.length === 0) return true;
    running.current = true;
    setBusy(true);
    setError(null);
    try {
      const changes = await Promise.all(images.map(changeOf));
      await onSave(changes);
      onSaved(images);
      return true;
    } catch (reason) {
      setError(reason instanceof Error && reason.message ? reason.message : "The changes could not be saved.");
      return false;
    } finally {
      running.current = false;
      setBusy(false);
    }
  };
  return { busy, error, save, dismiss: () => setError(null) };
}

/** While there are unsaved changes, closing the tab asks first. */
export function useUnloadWarning(dirty: boolean): void {
  useEffect(() => {
    if (!dirty) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", warn);
    return () => window.removeEventListener("beforeunload", warn);
  }, [dirty]);
}

/** Boxes may have been copied to an image that was never shown, so its size is asked for here. */
async function changeOf({ sourceRef, name, url, frame, history }: ImageState): Promise<Change> {
  const size = frame ?? (await measure(url, name));
  return { sourceRef, ...size, boxes: history.present.map((box) => cropRect(box, size)) };
}

function measure(url: string, name: string): Promise<Size> {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => resolve({ width: image.naturalWidth, height: image.naturalHeight });
    image.onerror = () => reject(new Error(`${name} could not be loaded. Undo its changes, then save again.`));
    image.src = url;
  });
}
