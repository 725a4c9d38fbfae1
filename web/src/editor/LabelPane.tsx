import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import { useState } from "react";
import type { Label } from "./annotation";

interface LabelPaneProps {
  labels: readonly Label[];
  current: string | null;
  colourOf: (label: string) => string;
  onChoose: (label: string) => void;
  onAdd?: (name: string) => Promise<void>;
}

/** The labels to choose from: what the next box gets. */
export function LabelPane({ labels, current, colourOf, onChoose, onAdd }: LabelPaneProps) {
  return (
    <section className="editor-section" aria-labelledby="editor-labels">
      <h2 id="editor-labels">Labels</h2>
      {labels.length === 0 && (
        <p className="editor-hint">
          {onAdd ? "Add a label first: it says what is in a box." : "Add a label to the dataset before you draw boxes."}
        </p>
      )}
      <ul className="editor-list" aria-label="Labels">
        {labels.map(({ name }, at) => (
          <li key={name}>
            <button
              type="button"
              className="editor-label"
              aria-pressed={name === current}
              data-testid={`label-${at}`}
              onClick={() => onChoose(name)}
            >
              <span className="editor-swatch" style={{ background: colourOf(name) }} />
              <span className="editor-name">{name}</span>
              {at < 9 && <kbd aria-hidden="true">{at + 1}</kbd>}
            </button>
          </li>
        ))}
      </ul>
      {onAdd && <AddLabel onAdd={onAdd} onAdded={onChoose} />}
    </section>
  );
}

function AddLabel({ onAdd, onAdded }: { onAdd: (name: string) => Promise<void>; onAdded: (name: string) => void }) {
  const [name, setName] = useState("");
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  const add = async () => {
    const wanted = name.trim();
    if (!wanted || busy) return;
    setBusy(true);
    setError(null);
    try {
      await onAdd(wanted);
      setName("");
      onAdded(wanted);
    } catch (reason) {
      setError(reason instanceof Error && reason.message ? reason.message : "The label could not be added.");
    } finally {
      setBusy(false);
    }
  };

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void add();
      }}
    >
      <FormField label="New label" errorText={error}>
        <div className="editor-add-row">
          <Input value={name} autoComplete={false} onChange={({ detail }) => setName(detail.value)} />
          <Button formAction="submit" loading={busy} disabled={!name.trim()}>
            Add label
          </Button>
        </div>
      </FormField>
    </form>
  );
}
