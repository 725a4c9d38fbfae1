import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState, type ReactNode } from "react";
import { words } from "../api/client";

interface Props {
  title: string;
  /** The word that has to be typed first; none for what can be undone. */
  typed?: string;
  action: string;
  onConfirm: () => Promise<void>;
  onClose: () => void;
  children: ReactNode;
}

/** Asks before something is done, and says so where it fails. */
export function Confirm({ title, typed, action, onConfirm, onClose, children }: Props) {
  const [text, setText] = useState("");
  const [working, setWorking] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const ready = !typed || text.trim() === typed;

  async function confirm() {
    if (!ready || working) return;
    setWorking(true);
    setFailure(null);
    try {
      await onConfirm();
      onClose();
    } catch (error) {
      setFailure(error);
      setWorking(false);
    }
  }

  return (
    <Modal
      visible
      header={title}
      onDismiss={() => !working && onClose()}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" disabled={working} onClick={onClose}>
              Cancel
            </Button>
            <Button variant="primary" disabled={!ready} loading={working} onClick={() => void confirm()}>
              {action}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void confirm();
        }}
      >
        <SpaceBetween size="m">
          {children}
          {typed && (
            <FormField label={`To confirm, type ${typed}.`}>
              <Input value={text} onChange={({ detail }) => setText(detail.value)} placeholder={typed} autoFocus />
            </FormField>
          )}
          {failure !== null && <Alert type="error">{words(failure)}</Alert>}
        </SpaceBetween>
      </form>
    </Modal>
  );
}
