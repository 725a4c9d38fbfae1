import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import { useRouteError } from "react-router-dom";
import { words } from "../api/client";

/** What is shown where the console itself has failed, as when the server has a newer one. */
export function Broken() {
  const error = useRouteError();
  return (
    <main style={{ maxInlineSize: 640, margin: "10vh auto", padding: "0 16px" }}>
      <Alert
        type="error"
        header="This page could not be shown"
        action={<Button onClick={() => window.location.reload()}>Load the page again</Button>}
      >
        {words(error)}
      </Alert>
    </main>
  );
}
