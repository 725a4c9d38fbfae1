import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";

interface ExitDialogProps {
  /** How many images have unsaved changes. */
  images: number;
  busy: boolean;
  error: string | null;
  onSave: () => void;
  onDiscard: () => void;
  onCancel: () => void;
}

/** Asked before the editor is left with unsaved changes. */
export function ExitDialog({ images, busy, error, onSave, onDiscard, onCancel }: ExitDialogProps) {
  return (
    <Modal
      visible
      header="Save changes?"
      closeAriaLabel="Cancel"
      onDismiss={onCancel}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" disabled={busy} onClick={onCancel}>
              Cancel
            </Button>
            <Button disabled={busy} onClick={onDiscard}>
              Discard
            </Button>
            <Button variant="primary" loading={busy} loadingText="Saving changes" onClick={onSave}>
              Save
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        {error && <Alert type="error">{error}</Alert>}
        <span>
          {images === 1 ? "The boxes of 1 image are" : `The boxes of ${images} images are`} not saved yet. If you
          discard them they are gone.
        </span>
      </SpaceBetween>
    </Modal>
  );
}
