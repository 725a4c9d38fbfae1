import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import { words } from "../api/client";

/** Says what went wrong, and lets one try again. */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  return (
    <Alert type="error" header="That did not work" action={retry && <Button onClick={retry}>Try again</Button>}>
      {words(error)}
    </Alert>
  );
}
