import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { Code } from "../../components/Copyable";

/** Shows the link that signs a user in; it is not shown again. */
export function InviteLink({ name, token, onClose }: { name: string; token: string; onClose: () => void }) {
  return (
    <Modal
      visible
      header={`Link for ${name}`}
      // Shown only once: a click beside the dialog does not close it.
      onDismiss={({ detail }) => detail.reason !== "overlay" && onClose()}
      footer={
        <Box float="right">
          <Button variant="primary" onClick={onClose}>
            Done
          </Button>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <Alert type="warning">Send it to {name} by a way that nobody else reads. It is good once, for seven days, and not shown again.</Alert>
        <Code label="link" text={`${window.location.origin}/console/sign-in#token=${token}`} />
      </SpaceBetween>
    </Modal>
  );
}
